"""Edits of Python files as syntax trees (libcst): what a person changed meanwhile stays, and nothing is added twice."""

from collections.abc import Callable
from typing import Any

import libcst as cst


class NotAsExpected(Exception):
    """The file has no such place. The message names it."""


def mentions(tree: cst.Module, name: str) -> bool:
    """Whether a name stands anywhere in the code, as itself or as a text."""
    found = _Names()
    tree.visit(found)
    return name in found.names


def with_import(tree: cst.Module, module: str, name: str) -> cst.Module:
    """`from module import name`, in the statement for that module if there is one, else in one of its own after the
    other imports."""
    last = -1
    for number, line in enumerate(tree.body):
        if not isinstance(line, cst.SimpleStatementLine):
            continue
        match line.body[0]:
            case cst.ImportFrom(names=[*aliases]) as statement if _code(statement.module) == module:
                if any(alias.evaluated_name == name for alias in aliases):
                    return tree
                added = cst.ImportAlias(cst.Name(name))
                ordered = sorted([*aliases, added], key=lambda alias: str(alias.evaluated_name))
                names = [alias.with_changes(comma=cst.MaybeSentinel.DEFAULT) for alias in ordered]
                return _replaced(tree, number, line.with_changes(body=[statement.with_changes(names=names)]))
            case cst.ImportFrom() | cst.Import():
                last = number
    if last < 0:
        raise NotAsExpected("imports")
    new = cst.parse_statement(f"from {module} import {name}\n")
    return tree.with_changes(body=[*tree.body[: last + 1], new, *tree.body[last + 1 :]])


def with_element(
    tree: cst.Module, variable: str, code: str, *, is_sorted: bool = False, before: str | None = None
) -> cst.Module:
    """`code` as an element of the list that is assigned to `variable`: at its place in the order, before the element
    that names `before`, or at the end."""

    def change(value: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(value, cst.List):
            raise NotAsExpected(f"a list {variable}")
        there = [_code(element.value) for element in value.elements]
        if code in there:
            return value
        place = len(there)
        if is_sorted:
            place = next((number for number, other in enumerate(there) if other > code), place)
        elif before is not None:
            place = next((number for number, other in enumerate(there) if before in other), place)
        new = cst.Element(cst.parse_expression(code))
        return value.with_changes(elements=_inserted(value.elements, place, new))

    return _assigned(tree, variable, change)


def with_entry(tree: cst.Module, variable: str, key: str, value: str) -> cst.Module:
    """An entry of the dict that is assigned to `variable`."""

    def change(found: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(found, cst.Dict):
            raise NotAsExpected(f"a dict {variable}")
        if _entry(found, key) is not None:
            return found
        new = cst.DictElement(cst.parse_expression(key), cst.parse_expression(value))
        return found.with_changes(elements=_inserted(found.elements, len(found.elements), new))

    return _assigned(tree, variable, change)


def with_member_of_set(tree: cst.Module, variable: str, key: str, code: str) -> cst.Module:
    """A member of the `frozenset` that stands in the dict `variable` under `key`."""

    def change(found: cst.BaseExpression) -> cst.BaseExpression:
        entry = _entry(found, key)
        match entry:
            case cst.DictElement(value=cst.Call(func=cst.Name("frozenset"), args=[])):
                members = cst.Set([cst.Element(cst.parse_expression(code))])
            case cst.DictElement(
                value=cst.Call(func=cst.Name("frozenset"), args=[cst.Arg(value=cst.Set() as members)])
            ):
                if code in [_code(element.value) for element in members.elements]:
                    return found
                new = cst.Element(cst.parse_expression(code))
                members = members.with_changes(elements=_inserted(members.elements, len(members.elements), new))
            case _:
                raise NotAsExpected(f"a frozenset for {key} in {variable}")
        return found.with_deep_changes(entry, value=cst.Call(cst.Name("frozenset"), [cst.Arg(members)]))

    return _assigned(tree, variable, change)


def with_member(tree: cst.Module, class_name: str, name: str, value: str) -> cst.Module:
    """`name = value` at the end of a class."""
    for number, node in enumerate(tree.body):
        if (
            isinstance(node, cst.ClassDef)
            and node.name.value == class_name
            and isinstance(node.body, cst.IndentedBlock)
        ):
            if mentions(cst.Module([node]), name):
                return tree
            line = cst.parse_statement(f"{name} = {value}\n")
            body: Any = node.body.with_changes(body=[*node.body.body, line])
            return _replaced(tree, number, node.with_changes(body=body))
    raise NotAsExpected(f"a class {class_name}")


def _assigned(
    tree: cst.Module, variable: str, change: Callable[[cst.BaseExpression], cst.BaseExpression]
) -> cst.Module:
    for number, line in enumerate(tree.body):
        if not isinstance(line, cst.SimpleStatementLine):
            continue
        match line.body[0]:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(name))], value=value) as statement:
                pass
            case cst.AnnAssign(target=cst.Name(name), value=cst.BaseExpression() as value) as statement:
                pass
            case _:
                continue
        if name == variable:
            return _replaced(tree, number, line.with_changes(body=[statement.with_changes(value=change(value))]))
    raise NotAsExpected(variable)


def _entry(found: cst.BaseExpression, key: str) -> Any:
    if not isinstance(found, cst.Dict):
        return None
    entries = (element for element in found.elements if isinstance(element, cst.DictElement))
    return next((element for element in entries if _code(element.key) == key), None)


def _inserted(elements: Any, place: int, new: Any) -> list[Any]:
    """The elements with one more. The commas of the others stay, with their line breaks and comments."""
    found = list(elements)
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    if place == len(found):
        if found and isinstance(found[-1].comma, cst.Comma):  # a trailing comma stays the last
            new = new.with_changes(comma=found[-1].comma)
            before = found[-2].comma if len(found) > 1 else comma
            found[-1] = found[-1].with_changes(comma=before)
        elif found:
            found[-1] = found[-1].with_changes(comma=comma)
        return [*found, new]
    return [
        *found[:place],
        new.with_changes(comma=found[place].comma if place + 1 < len(found) else comma),
        *found[place:],
    ]


def _replaced(tree: cst.Module, number: int, node: Any) -> cst.Module:
    return tree.with_changes(body=[*tree.body[:number], node, *tree.body[number + 1 :]])


def _code(node: cst.CSTNode | None) -> str:
    return cst.Module([]).code_for_node(node) if node is not None else ""


class _Names(cst.CSTVisitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_Name(self, node: cst.Name) -> None:
        self.names.add(node.value)

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        self.names.add(str(node.evaluated_value))
