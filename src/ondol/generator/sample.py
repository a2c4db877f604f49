"""Takes the sample out of a starter.

A starter is a plain, running application without template syntax. Which of its features are samples stands in its
pyproject.toml:

    [tool.ondol]
    sample = ["products", "orders"]
    sample-files = ["app/seed.py"]
    sample-names = ["ShopSettings"]

Their files go, in every layer; and so does whatever in the other files names what went: imports, functions, entries
of lists, members of classes, tests. Python is read as a syntax tree (libcst), never by pattern.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import libcst as cst


@dataclass(frozen=True)
class Sample:
    features: tuple[str, ...]
    files: tuple[str, ...]
    names: tuple[str, ...]
    roots: tuple[str, ...]
    """The folders that modules are imported from, for tests too."""

    @classmethod
    def of(cls, project: Path) -> "Sample":
        """As the starter's pyproject.toml declares it; of nothing, if it does not."""
        tools = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
        features, files, names = (
            tuple(tools.get("ondol", {}).get(key, ())) for key in ("sample", "sample-files", "sample-names")
        )
        roots = tools.get("pytest", {}).get("ini_options", {}).get("pythonpath", ["."])
        return cls(features, files, names, tuple(roots))


def remove_sample(project: Path) -> None:
    """Removes the sample from the project in place."""
    sample = Sample.of(project)
    gone_files = {project / name for name in sample.files}
    for feature in sample.features:
        gone_files |= {*project.rglob(f"{feature}.py"), *project.rglob(f"test_{feature}.py")}
    for file in gone_files:
        file.unlink()
        if not any(file.parent.iterdir()):
            file.parent.rmdir()
    modules = {
        file: Module(cst.parse_module(file.read_text(encoding="utf-8")), set(sample.names))
        for file in project.rglob("*.py")
    }
    with_tests = {file for file, module in modules.items() if module.has_tests()}
    roots = sorted(((project / root).resolve() for root in sample.roots), key=lambda root: -len(root.parts))
    gone = {_dotted(file.resolve(), roots) for file in gone_files}
    names = re.compile(rf"^(/api/v\d+/)?({'|'.join(map(re.escape, sample.features))})([:_/?]|$)")
    everything = Everything(gone, {_dotted(file.resolve(), roots): module for file, module in modules.items()}, names)
    # What went in one file may be imported by the next: until nothing more goes.
    while [file for file, module in modules.items() if module.prune(everything)]:
        pass
    for file, module in modules.items():
        if file in with_tests and not module.has_tests():
            file.unlink()
        elif module.changed:
            file.write_text(module.tree.code, encoding="utf-8")


def _dotted(file: Path, roots: Sequence[Path]) -> str:
    """The name a module is imported by, from the innermost of the roots it is in."""
    root = next(root for root in roots if file.is_relative_to(root))
    return ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


@dataclass
class Everything:
    """What is known of all files: the modules that went, those that stay, what the sample's names look like in text,
    and the members that classes lost, such as `Scope.ORDERS_READ`."""

    gone_modules: set[str]
    modules: "dict[str, Module]"
    names: re.Pattern[str]
    gone_members: set[str] = field(default_factory=set)

    @property
    def gone_names(self) -> set[str]:
        return set().union(*(module.gone for module in self.modules.values()))


@dataclass
class Module:
    """One file, and the names that are no longer defined in it."""

    tree: cst.Module
    gone: set[str]
    changed: bool = False

    def has_tests(self) -> bool:
        return any(isinstance(node, cst.FunctionDef) and node.name.value.startswith("test_") for node in self.tree.body)

    def prune(self, everything: Everything) -> bool:
        """Removes what names what is gone. Whether it found something."""
        tree = self.tree.visit(_Pruner(self.gone, everything))
        if tree.deep_equals(self.tree):
            return False
        self.tree, self.changed = tree, True
        return True


class _Taint(cst.CSTVisitor):
    """Looks for what is gone."""

    def __init__(self, gone: set[str], everything: Everything) -> None:
        self._gone, self._everything, self._names = gone, everything, everything.names
        self.found = False

    def visit_Attribute(self, node: cst.Attribute) -> None:
        if isinstance(node.value, cst.Name):
            self.found |= f"{node.value.value}.{node.attr.value}" in self._everything.gone_members

    def visit_Name(self, node: cst.Name) -> None:
        self.found |= node.value in self._gone

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        value = node.evaluated_value
        if isinstance(value, str):
            is_class = value[:1].isupper() and value in self._everything.gone_names
            self.found |= is_class or value in self._gone or bool(self._names.match(value))

    def visit_FormattedStringText(self, node: cst.FormattedStringText) -> None:
        self.found |= bool(self._names.match(node.value)) or any(
            self._names.match(part) for part in re.findall(r"/api/v\d+/[^\s\"']*", node.value)
        )


class _Pruner(cst.CSTTransformer):
    def __init__(self, gone: set[str], everything: Everything) -> None:
        self._gone, self._everything = gone, everything
        self._class: str | None = None

    def _is_tainted(self, node: cst.CSTNode) -> bool:
        taint = _Taint(self._gone, self._everything)
        node.visit(taint)
        return taint.found

    # Functions are whole or gone, but for the lists of their decorators.

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> Any:
        decorators = [self._without_entries(decorator) for decorator in updated_node.decorators]
        node = updated_node.with_changes(decorators=decorators)
        if self._is_tainted(node):
            self._gone.add(node.name.value)
            return cst.RemoveFromParent()
        return node

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._class = node.name.value

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> Any:
        self._class = None
        header = updated_node.with_changes(body=cst.IndentedBlock([]))
        if self._is_tainted(header):
            self._gone.add(updated_node.name.value)
            return cst.RemoveFromParent()
        return updated_node

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> Any:
        [statement, *_] = updated_node.body
        if isinstance(statement, cst.ImportFrom):
            return self._import(updated_node, statement)
        if isinstance(statement, cst.Import):
            return updated_node
        node = self._without_entries(updated_node)
        if not self._is_tainted(node):
            return node
        if self._class is None:
            self._gone.update(_targets(node))
        else:
            self._everything.gone_members.update(f"{self._class}.{name}" for name in _targets(node))
        return cst.RemoveFromParent()

    def _import(self, line: cst.SimpleStatementLine, statement: cst.ImportFrom) -> Any:
        module = cst.Module([]).code_for_node(statement.module) if statement.module else ""
        if isinstance(statement.names, cst.ImportStar):
            return line
        kept: list[cst.ImportAlias] = []
        lost: list[cst.ImportAlias] = []
        for alias in statement.names:
            name = str(alias.evaluated_name)
            other = self._everything.modules.get(module)
            is_gone = (
                module in self._everything.gone_modules
                or f"{module}.{name}" in self._everything.gone_modules
                or (other is not None and name in other.gone)
            )
            (lost if is_gone else kept).append(alias)
        self._gone.update(str(alias.evaluated_alias or alias.evaluated_name) for alias in lost)
        if not lost:
            return line
        if not kept:
            return cst.RemoveFromParent()
        kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return line.with_changes(body=[statement.with_changes(names=kept)])

    def _without_entries(self, node: Any) -> Any:
        return node.visit(_Entries(self._is_tainted))


class _Entries(cst.CSTTransformer):
    """Removes the innermost entries of lists, sets and dicts that name what is gone."""

    def __init__(self, is_tainted: Any) -> None:
        self._is_tainted = is_tainted

    def visit_Call(self, node: cst.Call) -> bool:
        """An argument is no collection of ours: what is called with less may permit more."""
        name = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
        return isinstance(name, cst.Name) and name.value in ("frozenset", "parametrize")

    def visit_Element(self, node: cst.Element) -> bool:
        return not isinstance(node.value, cst.Dict)  # a record in a list is whole or gone

    def leave_List(self, original_node: cst.List, updated_node: cst.List) -> Any:
        return self._cleaned(updated_node)

    def leave_Set(self, original_node: cst.Set, updated_node: cst.Set) -> cst.BaseExpression:
        kept = self._kept(updated_node.elements)
        # Without elements the braces would be a dict's.
        return updated_node.with_changes(elements=kept) if kept else cst.Call(cst.Name("set"))

    def leave_Dict(self, original_node: cst.Dict, updated_node: cst.Dict) -> Any:
        return self._cleaned(updated_node)

    def leave_StarredElement(self, original_node: cst.StarredElement, updated_node: cst.StarredElement) -> Any:
        """`*("a", "b")`: a tuple of entries."""
        if not isinstance(updated_node.value, cst.Tuple):
            return updated_node
        kept = self._kept(updated_node.value.elements)
        if not kept:
            return cst.RemoveFromParent()
        return updated_node.with_changes(value=updated_node.value.with_changes(elements=kept))

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        """`frozenset(set())` is `frozenset()`."""
        match updated_node:
            case cst.Call(func=cst.Name("frozenset"), args=[cst.Arg(value=cst.Call(func=cst.Name("set"), args=[]))]):
                return updated_node.with_changes(args=[])
        return updated_node

    def _cleaned(self, node: Any) -> Any:
        return node.with_changes(elements=self._kept(node.elements))

    def _kept(self, elements: Sequence[Any]) -> list[Any]:
        return [element for element in elements if not self._is_tainted(element)]


def _targets(line: cst.SimpleStatementLine) -> set[str]:
    """The names a statement defines."""
    found: set[str] = set()
    for statement in line.body:
        targets = [statement.target] if isinstance(statement, cst.AnnAssign) else []
        targets += [target.target for target in statement.targets] if isinstance(statement, cst.Assign) else []
        found |= {target.value for target in targets if isinstance(target, cst.Name)}
    return found
