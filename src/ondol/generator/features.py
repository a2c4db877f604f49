"""Takes features out of a starter: its sample, and what a project can do without.

A starter is a plain, running application without template syntax. Its pyproject.toml says which features it can be
without, and what is theirs alone: a name stands for a file in every layer and its tests, a path for that file.

    [tool.ondol.features]
    sample = ["products", "orders", "app/seed.py"]
    audit = ["audit"]

In the other files a line of a feature ends in its mark, `# audit`; several together stand between `# audit: begin` and
`# audit: end`. The marks of the features that stay go, so that no project has any.
"""

import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from ondol.project import ProjectError

SAMPLE = "sample"


def take_out(project: Path, without: Collection[str]) -> None:
    """Leave in the project, in place, no feature of `without` and no mark. Raises ProjectError for one it lacks."""
    tools: dict[str, Any] = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    features: dict[str, list[str]] = tools.get("ondol", {}).get("features", {})
    known = sorted(set(features) - {SAMPLE})
    if unknown := sorted(set(without) - {SAMPLE, *features}):
        raise ProjectError(f"There is no feature {unknown[0]!r} to do without; there are {', '.join(known) or 'none'}.")
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
                pass  # it goes
            case _:
                yield f"{line[: found.start()]}\n" if found else line
