"""Messages in the languages of a service: one TOML file for each, chosen by Accept-Language.

Use it to translate problems (`[problems]`, by code) and field errors (`[fields]`, by Pydantic's type, with the values
of its `ctx`: `greater_than = "{gt}보다 커야 합니다."`), and for texts such as mails (`[mails.welcome]`).

    from ondol.languages import Languages
    (tmp_path / "ko.toml").write_text('problems.out_of_stock = "재고가 부족합니다."', "utf-8")
    languages = Languages(tmp_path)
    assert languages.preferred("ko-KR,en;q=0.5") == "ko"
    assert languages.problem("ko", ["out_of_stock", "conflict"]) == "재고가 부족합니다."
"""

import tomllib
from collections.abc import Iterable, Mapping
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
        """`default`: for clients that ask for none of them. Raises ValueError for a language that does not exist."""
        names = {ENGLISH, *(file.stem for file in folder.glob("*.toml"))} if folder else {ENGLISH}
        if default not in names:
            raise ValueError(f"There is no language {default!r}. Use one of: {', '.join(sorted(names))}.")
        self.default = default
        self._texts = {name: _merged(_read(_OURS, name), _read(folder, name)) for name in sorted(names)}

    @property
    def names(self) -> list[str]:
        """Return the languages, sorted."""
        return list(self._texts)

    def preferred(self, accept_language: str) -> str:
        """Return the language that a request asks for first (RFC 9110, section 12.5.4; RFC 4647, lookup)."""
        for tag in _by_weight(accept_language):
            if (language := tag.partition("-")[0]) in self._texts:
                return language
        return self.default

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
        for each in (language, self.default, ENGLISH):
            if texts := self.section(each or "", section).get(name):
                return {part: text.format_map(values) for part, text in texts.items()}
        raise KeyError(name)

    def section(self, language: str, section: str) -> Mapping[str, Any]:
        """Return a table of a language's file with Ondol's own, such as `problems` or `mails`."""
        found: Mapping[str, Any] = self._texts.get(language, {}).get(section, {})
        return found


def _read(folder: Path | None, name: str) -> dict[str, Any]:
    file = folder / f"{name}.toml" if folder else None
    return tomllib.loads(file.read_text(encoding="utf-8")) if file and file.is_file() else {}


def _merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    return {section: {**ours.get(section, {}), **theirs.get(section, {})} for section in {*ours, *theirs}}


def _by_weight(header: str) -> list[str]:
    """Return the tags of Accept-Language in lower case, the preferred ones first, without those of weight 0."""
    weighted: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((piece.removeprefix("q=") for piece in parameters if piece.startswith("q=")), "1")
        try:
            weighted.append((float(weight), tag))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(weighted, key=lambda pair: -pair[0]) if weight > 0 and tag]
