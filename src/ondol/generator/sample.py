"""Takes the sample out of a starter.

A starter is a plain, running application without template syntax. Which of its features are samples stands in its
pyproject.toml:

    [tool.ondol]
    sample = ["products", "orders"]
    sample-files = ["app/seed.py"]

Their files go, in every layer. In the other files a line of the sample ends in `# sample`; several together stand
between `# sample: begin` and `# sample: end`.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARK, BEGIN, END = "# sample", "# sample: begin", "# sample: end"


def remove_sample(project: Path) -> None:
    """Remove the sample from the project in place."""
    tools = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    declared: dict[str, Any] = tools.get("ondol", {})
    gone = {project / name for name in declared.get("sample-files", ())}
    for feature in declared.get("sample", ()):
        gone |= {*project.rglob(f"{feature}.py"), *project.rglob(f"test_{feature}.py")}
    for file in gone:
        file.unlink()
        if not any(file.parent.iterdir()):
            file.parent.rmdir()
    for file in project.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if MARK in text:
            file.write_text("".join(_unmarked(text)), encoding="utf-8")


def _unmarked(text: str) -> Iterator[str]:
    is_inside = False
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        if bare in (BEGIN, END):
            is_inside = bare == BEGIN
        elif not is_inside and not bare.endswith(MARK):
            yield line
