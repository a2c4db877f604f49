"""Remove features from a starter: its sample, and other optional features.

A starter is a plain, running application without template syntax. Its pyproject.toml lists the optional features and
the files that belong only to them: a name means the file in every layer and its tests, a path means that file.

    [tool.ondol.features]
    sample = ["products", "orders", "app/seed.py"]
    audit = ["audit"]

In the other files a line of a feature ends in its mark, `# audit`; a block begins with `# audit: begin` and ends with
`# audit: end`. The marks of the features that stay are removed, so that a project has no marks.
"""

import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from ondol.project import ProjectError

SAMPLE = "sample"


def take_out(project: Path, without: Collection[str]) -> None:
    """Remove the features in `without`, and all marks, from the project. Raises ProjectError for an unknown feature."""
    tools: dict[str, Any] = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    features: dict[str, list[str]] = tools.get("ondol", {}).get("features", {})
    known = sorted(set(features) - {SAMPLE})
    if unknown := sorted(set(without) - {SAMPLE, *features}):
        raise ProjectError(f"Unknown feature {unknown[0]!r}. Use one of: {', '.join(known) or 'none'}.")
    for file in {file for name in without for part in features.get(name, ()) for file in _files(project, part)}:
        file.unlink()
        if not any(file.parent.iterdir()):
            file.parent.rmdir()
    for file in (*project.rglob("*.py"), *project.rglob("languages/*.toml")):
        text = file.read_text(encoding="utf-8")
        after = "".join(_unmarked(text, features, without))
        if after != text:
            file.write_text(after, encoding="utf-8")


def _files(project: Path, part: str) -> Iterator[Path]:
    if "/" in part:
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
