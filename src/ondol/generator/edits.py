"""Add lines to Python files and remove them again. Other edits stay, and nothing is added twice."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ondol.generator.lines import (
    sources,
    with_item,
    with_line,
    with_text,
    without_code,
    without_item,
    without_lines,
    without_text,
)


class NotAsExpected(Exception):
    """The file lacks the place for an edit. The message names the place."""


class Edit(Protocol):
    """One entry in a file. `line`: how a person would write it. `add` raises NotAsExpected; `remove` does not change a
    file without the entry."""

    @property
    def line(self) -> str: ...
    def add(self, text: str) -> str: ...
    def remove(self, text: str) -> str: ...


@dataclass(frozen=True)
class Import:
    """`from module import name`, after the other imports; ruff sorts it."""

    module: str
    name: str

    @property
    def line(self) -> str:
        return f"from {self.module} import {self.name}"

    def add(self, text: str) -> str:
        imports = [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]
        if not imports:
            raise NotAsExpected("imports")
        if self._found(text):
            return text
        return with_line(text, (imports[-1].end_lineno or 0) + 1, self.line)

    def remove(self, text: str) -> str:
        if not (node := self._found(text)):
            return text
        if len(node.names) == 1:
            return without_lines(text, node, node)
        place = [alias.name for alias in node.names].index(self.name)
        return without_item(text, [(alias, alias) for alias in node.names], place)

    def _found(self, text: str) -> ast.ImportFrom | None:
        for node in ast.parse(text).body:
            match node:
                case ast.ImportFrom(module=self.module) if any(alias.name == self.name for alias in node.names):
                    return node
        return None


@dataclass(frozen=True)
class Element:
    """An element of the list that is assigned to `variable`: at its sorted position, before the element that contains
    `before`, or at the end."""

    variable: str
    code: str
    is_sorted: bool = False
    before: str | None = None

    @property
    def line(self) -> str:
        return f"{self.variable} = [..., {self.code}]"

    def add(self, text: str) -> str:
        found = _value(text, self.variable)
        if not isinstance(found, ast.List):
            raise NotAsExpected(f"a list {self.variable}")
        there = sources(text, found.elts)
        if self.code in there:
            return text
        place = next((number for number, other in enumerate(there) if self._precedes(other)), len(there))
        return with_item(text, found, found.elts, place, self.code)

    def _precedes(self, other: str) -> bool:
        return other > self.code if self.is_sorted else self.before is not None and self.before in other

    def remove(self, text: str) -> str:
        found = _value(text, self.variable)
        return without_code(text, found.elts, self.code) if isinstance(found, ast.List) else text


@dataclass(frozen=True)
class Entry:
    """An entry of the dict that is assigned to `variable`."""

    variable: str
    key: str
    value: str

    @property
    def line(self) -> str:
        return f"{self.variable} = {{..., {self.key}: {self.value}}}"

    def add(self, text: str) -> str:
        found = _value(text, self.variable)
        if not isinstance(found, ast.Dict):
            raise NotAsExpected(f"a dict {self.variable}")
        if _entry(text, found, self.key) is not None:
            return text
        return with_item(text, found, found.values, len(found.values), f"{self.key}: {self.value}")

    def remove(self, text: str) -> str:
        found = _value(text, self.variable)
        if not isinstance(found, ast.Dict) or _entry(text, found, self.key) is None:
            return text
        pairs = [(name or value, value) for name, value in zip(found.keys, found.values, strict=True)]
        return without_item(text, pairs, sources(text, [key for key, _ in pairs]).index(self.key))


@dataclass(frozen=True)
class MemberOfSet:
    """A member of the `frozenset` under `key` in the dict that is assigned to `variable`."""

    variable: str
    key: str
    code: str

    @property
    def line(self) -> str:
        return f"{self.variable} = {{{self.key}: frozenset({{..., {self.code}}})}}"

    def add(self, text: str) -> str:
        match self._found(text):
            case ast.Call(func=ast.Name("frozenset"), args=[]) as call:
                return with_text(text, call.end_lineno, call.end_col_offset, -1, f"{{{self.code}}}")
            case ast.Call(func=ast.Name("frozenset"), args=[ast.Set() as members]):
                if self.code in sources(text, members.elts):
                    return text
                return with_item(text, members, members.elts, len(members.elts), self.code)
        raise NotAsExpected(f"a frozenset for {self.key} in {self.variable}")

    def remove(self, text: str) -> str:
        match self._found(text):
            case ast.Call(func=ast.Name("frozenset"), args=[ast.Set() as members]):
                if sources(text, members.elts) == [self.code]:
                    return without_text(text, members, members)  # {} would be a dict
                return without_code(text, members.elts, self.code)
        return text

    def _found(self, text: str) -> ast.expr | None:
        found = _value(text, self.variable)
        return _entry(text, found, self.key) if isinstance(found, ast.Dict) else None


@dataclass(frozen=True)
class Member:
    """`name = value` at the end of a class."""

    class_name: str
    name: str
    value: str

    @property
    def line(self) -> str:
        return f"class {self.class_name}: {self.name} = {self.value}"

    def add(self, text: str) -> str:
        found = self._class(text)
        if found is None:
            raise NotAsExpected(f"a class {self.class_name}")
        if self.name in set(_names(found)):
            return text
        last = found.body[-1]
        code = " " * last.col_offset + f"{self.name} = {self.value}"
        return with_line(text, (last.end_lineno or last.lineno) + 1, code)

    def remove(self, text: str) -> str:
        found = self._class(text)
        for node in found.body if found else ():
            match node:
                case ast.Assign(targets=[ast.Name(id=self.name)]):
                    return without_lines(text, node, node)
        return text

    def _class(self, text: str) -> ast.ClassDef | None:
        nodes = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
        return next((node for node in nodes if node.name == self.class_name), None)


def mentions(text: str, name: str) -> bool:
    """Return whether a name occurs in the code, as an identifier or as a string."""
    return name in set(_names(ast.parse(text)))


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name) | ast.Constant(value=str(name)):
                yield name


def _value(text: str, variable: str) -> ast.expr | None:
    """Return the expression that is assigned to a variable of the module."""
    for node in ast.parse(text).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == variable:
                return value
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if name == variable:
                return value
    return None


def _entry(text: str, found: ast.Dict, key: str) -> ast.expr | None:
    pairs = zip(found.keys, found.values, strict=True)
    return next((value for name, value in pairs if name and ast.get_source_segment(text, name) == key), None)
