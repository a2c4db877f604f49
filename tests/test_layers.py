"""The import rules of the library (docs/decisions/0001), read from the source."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "ondol"
KNOW_FASTAPI = {"web", "testing", "doctor", "cli"}
# From the lowest layer up. Parts in one line do not import each other.
FLOORS = [
    "errors keys languages networks options ownership types",
    "dev money observability",
    "auth db mail server valkey",
    "cache jobs rate_limits",
    "settings",
    "startup",
    "runtime",
    "project repository upkeep web",
    "generator run testing",
    "doctor",
    "cli",
]
FILES = sorted(SOURCE.rglob("*.py"))


def imports(file: Path) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node, node.module or ""


def test_there_is_something_to_check() -> None:
    assert len(FILES) > 40


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_imports(file: Path) -> None:
    part = file.relative_to(SOURCE).parts[0]
    tree = ast.parse(file.read_text())
    for _, name in imports(file):
        top = name.split(".")[0]
        assert top != "app", "the library knows no application"
        assert not any(piece.startswith("_") and top in {"fastapi", "starlette"} for piece in name.split(".")), name
        if part not in KNOW_FASTAPI:
            assert top not in {"fastapi", "starlette"}, name
        if part != "testing":
            assert top not in {"pytest", "httpx2"}, name
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
            assert inside == [], f"{function.name} imports inside a function"


def unit(name: str) -> str:
    """Return the part of the library that a module belongs to. `ondol` itself exports its errors."""
    top = name.split(".")[1] if "." in name else "errors"
    return top if (SOURCE / top).is_dir() or (SOURCE / f"{top}.py").is_file() else "errors"


def test_every_part_stands_on_a_floor() -> None:
    there = {file.relative_to(SOURCE).parts[0].removesuffix(".py") for file in FILES} - {"__init__"}
    assert sorted(there) == sorted(" ".join(FLOORS).split())


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_parts_import_only_what_stands_below_them(file: Path) -> None:
    floor = {part: number for number, parts in enumerate(FLOORS) for part in parts.split()}
    mine = file.relative_to(SOURCE).parts[0].removesuffix(".py")
    for node, name in imports(file):
        if name.split(".")[0] != "ondol" or mine == "__init__":
            continue
        alone = name == "ondol" and isinstance(node, ast.ImportFrom)
        names = [f"ondol.{alias.name}" for alias in node.names] if alone else [name]  # type: ignore[attr-defined]
        for other in map(unit, names):
            assert other == mine or floor[other] < floor[mine], f"{mine} imports {other}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_files_are_small(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 300


def test_production_needs_neither_the_command_nor_development_tools() -> None:
    """Everything that the web layer imports, directly or not, is installed in a production image."""
    project = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text())["project"]
    production = {name.partition("[")[0] for name in ("typer", "rich", "pytest", "playwright", "mypy")}
    seen: set[Path] = set()
    waiting = [SOURCE / "web" / "app.py", SOURCE / "runtime.py"]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for node, name in imports(file):
            if isinstance(node, ast.ImportFrom) and name.startswith("ondol"):
                base = SOURCE.parent.joinpath(*name.split("."))
                candidates = [
                    base.with_suffix(".py"),
                    base / "__init__.py",
                    *(base / f"{a.name}.py" for a in node.names),
                ]
                waiting += [path for path in candidates if path.is_file()]
            else:
                assert name.split(".")[0] not in production, (file, name)
    assert len(seen) > 20
    assert "typer" not in " ".join(project["dependencies"])
