"""Messages in the languages of a service: one TOML file for each, chosen by Accept-Language.

Use it to translate problems (`[problems]`, by code) and field errors (`[fields]`, by Pydantic's type, with the values
of its `ctx`: `greater_than = "{gt}보다 커야 합니다."`), and for texts such as mails (`[mails.welcome]`).

    from ondol.languages import Languages
    (tmp_path / "ko.toml").write_text('problems.out_of_stock = "재고가 부족합니다."', "utf-8")
    languages = Languages(tmp_path)
    assert languages.preferred("ko-KR,en;q=0.5") == "ko"
    assert languages.problem("ko", ["out_of_stock", "conflict"]) == "재고가 부족합니다."
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

ENGLISH = "en"
_OURS = Path(__file__).parent


class Languages:
    """The languages that have a file in `folder` (`ko.toml`), with Ondol's own messages, and English.

    >>> Languages().preferred("ko-KR,en;q=0.5")
    'en'
    """

    def __init__(self, folder: Path | None = None, *, default: str = ENGLISH) -> None:
        """`default`: for clients that ask for none of them.

        Raises ValueError, with a message for the user, if the default does not exist or a file is invalid.
        """
        names = {ENGLISH, *(file.stem for file in folder.glob("*.toml"))} if folder else {ENGLISH}
        if default not in names:
            known = ", ".join(sorted(names))
            raise ValueError(f"HTTP__DEFAULT_LANGUAGE: There is no language {default!r}. Use one of: {known}.")
        self.default = default
        self._texts = {name: _merged(_read(_OURS, name), _read(folder, name)) for name in sorted(names)}

    @property
    def names(self) -> list[str]:
        """Return the languages, sorted."""
        return list(self._texts)

    def asked(self, accept_language: str) -> str | None:
        """Return the language that a request prefers (RFC 9110, section 12.5.4), None if it asks for none of them."""
        tags = (tag.partition("-")[0] for tag in _by_weight(accept_language))
        return next((tag for tag in tags if tag in self._texts), None)

    def preferred(self, accept_language: str) -> str:
        """Return the language that a request prefers, or the default."""
        return self.asked(accept_language) or self.default

    def problem(self, language: str, codes: Iterable[str]) -> str | None:
        """Return the message of the first of `codes` that has one."""
        messages = self.section(language, "problems")
        return next((messages[code] for code in codes if code in messages), None)

    def field(self, language: str, kind: str, context: Mapping[str, Any]) -> str | None:
        """Return the message of an error of Pydantic's type `kind`, with the values of its `ctx`; None without one."""
        message: str = self.section(language, "fields").get(kind, "")
        has_values = all(name is None or name in context for _, name, _, _ in Formatter().parse(message))
        return message.format_map(context) if message and has_values else None

    def text(self, language: str | None, section: str, name: str, /, **values: str) -> dict[str, str]:
        """Return the texts `[section.name]` with `values`, in `language`, else the default language, else English.

        Raises KeyError if none of them has the text.
        """
        found: dict[str, str] = {}
        for each in (ENGLISH, self.default, language or ""):
            found |= self.section(each, section).get(name, {})
        if not found:
            raise KeyError(name)
        return {part: text.format_map(values) for part, text in found.items()}

    def section(self, language: str, section: str) -> Mapping[str, Any]:
        """Return a table of a language's file with Ondol's own, such as `problems` or `mails`."""
        found: Mapping[str, Any] = self._texts.get(language, {}).get(section, {})
        return found


def _read(folder: Path | None, name: str) -> dict[str, Any]:
    """Return the texts of a language's file, {} without one. Raises ValueError with the file and its fault."""
    file = folder / f"{name}.toml" if folder else None
    if file is None or not file.is_file():
        return {}
    try:
        if not re.fullmatch("[a-z]{2,3}", name):
            raise ValueError("The name is not that of a language, such as ko.toml.")
        texts = tomllib.loads(file.read_text(encoding="utf-8"))
        for place, text in _strings(texts, ""):
            if any(specification or conversion for _, _, specification, conversion in Formatter().parse(text)):
                raise ValueError(f"{place}: Values in braces take no format.")
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    return texts


def _strings(table: Mapping[str, Any], place: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the texts of a file with their places. Raises ValueError for anything else."""
    for name, value in table.items():
        if isinstance(value, dict) and depth < 2:
            yield from _strings(value, f"{place}{name}.", depth + 1)
        elif isinstance(value, str) and depth > 0:
            yield f"{place}{name}", value
        else:
            raise ValueError(f"{place}{name} must be {'a text' if depth else 'a table'}.")


def _merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Return both, with theirs before ours in each table."""
    both = {**ours, **theirs}
    return {
        name: _merged(ours.get(name, {}), value) if isinstance(value, dict) else value for name, value in both.items()
    }


_QUALITY = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def _by_weight(header: str) -> list[str]:
    """Return the tags of Accept-Language in lower case, the preferred ones first, without those of weight 0."""
    weighted: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = _QUALITY.fullmatch(parameters[0]) if parameters else None
        if tag and (quality or not parameters):
            weighted.append((float(quality[1]) if quality else 1.0, tag))
    return [tag for weight, tag in sorted(weighted, key=lambda pair: -pair[0]) if weight > 0]
