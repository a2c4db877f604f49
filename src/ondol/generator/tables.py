"""The tables of a project, read from its code without running it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from ondol.generator.kinds.base import Refused
from ondol.project import ProjectError


class Tables:
    """The tables. `classes`: the model of each."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self.classes: dict[str, str] = {}
        for file in sorted((project / "app" / "models").glob("*.py")):
            self.classes |= dict(_tables(parsed(file)))

    def class_of(self, table: str) -> str:
        """Return the model of a table. Raises Refused for an unknown table."""
        if table not in self.classes:
            raise Refused(f"Unknown table {table!r}. Use one of: {', '.join(sorted(self.classes))}")
        return self.classes[table]

    @property
    def private(self) -> frozenset[str]:
        """Return the tables with rows that only their owner may see: the rows and the service's `get` have an owner."""
        return frozenset(table for table in self.classes if self._has_owner(table) and self._asks_for_owner(table))

    def _has_owner(self, table: str) -> bool:
        nodes = self._nodes("repositories", table)
        return any(isinstance(node, ast.Name) and node.id == "OwnedRepository" for node in nodes)

    def _asks_for_owner(self, table: str) -> bool:
        """Return whether `get` of the service takes more than the id."""
        methods = (node for node in self._nodes("services", table) if isinstance(node, ast.AsyncFunctionDef))
        return any(method.name == "get" and len(method.args.args) > len(("self", "id")) for method in methods)

    def _nodes(self, layer: str, table: str) -> Iterator[ast.AST]:
        file = self._project / "app" / layer / f"{table}.py"
        if file.is_file():
            yield from ast.walk(parsed(file))


def _tables(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                match statement:
                    case ast.Assign(targets=[ast.Name(id="__tablename__")], value=ast.Constant(value=str(table))):
                        yield table, node.name


def parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise ProjectError(f"{file}, line {error.lineno}, is not valid Python: {error.msg}.") from error


def imported(file: Path) -> Iterator[str]:
    """Yield the full names of the modules that a file imports, and of the members it imports from them."""
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            within = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            yield within.removesuffix(".")
            yield from (f"{within}{alias.name}" for alias in node.names)
