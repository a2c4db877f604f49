"""Remove features from a starter.

A starter is a plain, running application without template syntax. Its pyproject.toml lists its features and the files
that belong only to them: a name means the file in every layer and its tests, a path means that file. A new project has
the optional ones only on request.

    [tool.ondol]
    optional = ["sample", "audit"]

    [tool.ondol.features]
    sample = ["products", "orders", "app/seed.py"]
    audit = ["audit"]
    registration = ["registration"]

In the other files a line of a feature ends in its mark, `# audit`; a block begins with `# audit: begin` and ends with
`# audit: end`. The marks of the features that stay are removed, so that a project has no marks.
"""

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from ondol.db.revisions import VERSIONS
from ondol.generator.revisions import skip
from ondol.project import ProjectError

SAMPLE = "sample"


def known(starter: Path) -> set[str]:
    """Return the names of the features, without the sample."""
    return set(_declared(starter).get("features", ())) - {SAMPLE}


def optional(starter: Path) -> set[str]:
    """Return the names of the features that a new project has only on request."""
    return known(starter) & set(_declared(starter).get("optional", ()))


def refuse_unknown(starter: Path, names: Iterable[str]) -> None:
    """Raise ProjectError if the starter has no feature of a name."""
    if unknown := sorted(set(names) - known(starter)):
        there = ", ".join(sorted(known(starter))) or "none"
        raise ProjectError(f"Unknown feature {unknown[0]!r}. Use one of: {there}.")


def take_out(project: Path, without: Collection[str]) -> None:
    """Remove the features in `without`, and all marks, from the project."""
    features: dict[str, list[str]] = _declared(project).get("features", {})
    for file in {file for name in without for part in features.get(name, ()) for file in _files(project, part)}:
        if file.parent == project / VERSIONS:
            skip(file)
        file.unlink()
        if not any(file.parent.iterdir()):
            file.parent.rmdir()
    for file in (*project.rglob("*.py"), *project.rglob("languages/*.toml")):
        text = file.read_text(encoding="utf-8")
        after = "".join(_unmarked(text, features, without))
        if after != text:
            file.write_text(after, encoding="utf-8")


def _declared(starter: Path) -> dict[str, Any]:
    pyproject: dict[str, Any] = tomllib.loads((starter / "pyproject.toml").read_text(encoding="utf-8"))
    return dict(pyproject.get("tool", {}).get("ondol", {}))


def _files(project: Path, part: str) -> Iterator[Path]:
    if "/" in part:
        if not (project / part).is_file():
            raise ProjectError(f"pyproject.toml of the starter: the file {part} of a feature does not exist.")
        yield project / part
    else:
        yield from (*project.rglob(f"{part}.py"), *project.rglob(f"test_{part}.py"))


def _unmarked(text: str, features: Collection[str], without: Collection[str]) -> Iterator[str]:
    marks = re.compile(rf"\s*# ({'|'.join(map(re.escape, features)) or '(?!)'})(: begin|: end)?\n?$")
    inside: set[str] = set()
    for line in text.splitlines(keepends=True):
        found = marks.search(line)
        name, place = found.group(1, 2) if found else ("", None)
        match place:
            case ": begin":
                inside.add(name)
            case ": end":
                inside.discard(name)
            case _ if not {name, *inside}.isdisjoint(without):
                pass  # removed
            case _:
                yield f"{line[: found.start()]}\n" if found else line
