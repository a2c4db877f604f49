"""Edits of Python files by line: what a person changed meanwhile stays, and nothing is added twice."""

import ast
from collections.abc import Callable, Iterator, Sequence


class NotAsExpected(Exception):
    """The file has no such place. The message names it."""


def mentions(text: str, name: str) -> bool:
    """Return whether a name stands anywhere in the code, as itself or as a text."""
    return name in set(_names(ast.parse(text)))


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name) | ast.Constant(value=str(name)):
                yield name


def with_import(text: str, module: str, name: str) -> str:
    """Add `from module import name` after the other imports; ruff puts it in order."""
    imports = [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]
    if not imports:
        raise NotAsExpected("imports")
    there = [node for node in imports if isinstance(node, ast.ImportFrom) and node.module == module]
    if any(alias.name == name for node in there for alias in node.names):
        return text
    return _with_line(text, (imports[-1].end_lineno or 0) + 1, f"from {module} import {name}")


def with_element(text: str, variable: str, code: str, *, is_sorted: bool = False, before: str | None = None) -> str:
    """Add `code` to the list that is assigned to `variable`: at its place in the order, before the element that names
    `before`, or at the end."""
    found = _value(text, variable)
    if not isinstance(found, ast.List):
        raise NotAsExpected(f"a list {variable}")
    there = [ast.get_source_segment(text, element) or "" for element in found.elts]
    if code in there:
        return text
    follows: Callable[[str], bool] = lambda other: other > code if is_sorted else before is not None and before in other  # noqa: E731
    place = next((number for number, other in enumerate(there) if follows(other)), len(there))
    return _with_item(text, found, found.elts, place, code)


def with_entry(text: str, variable: str, key: str, value: str) -> str:
    """Add an entry to the dict that is assigned to `variable`."""
    found = _value(text, variable)
    if not isinstance(found, ast.Dict):
        raise NotAsExpected(f"a dict {variable}")
    if _entry(text, found, key) is not None:
        return text
    return _with_item(text, found, found.values, len(found.values), f"{key}: {value}")


def with_member_of_set(text: str, variable: str, key: str, code: str) -> str:
    """Add a member to the `frozenset` that stands in the dict `variable` under `key`."""
    found = _value(text, variable)
    match _entry(text, found, key) if isinstance(found, ast.Dict) else None:
        case ast.Call(func=ast.Name("frozenset"), args=[]) as call:
            return _with_text(text, call.end_lineno, call.end_col_offset, -1, f"{{{code}}}")
        case ast.Call(func=ast.Name("frozenset"), args=[ast.Set() as members]):
            if code in [ast.get_source_segment(text, element) for element in members.elts]:
                return text
            return _with_item(text, members, members.elts, len(members.elts), code)
    raise NotAsExpected(f"a frozenset for {key} in {variable}")


def with_member(text: str, class_name: str, name: str, value: str) -> str:
    """Add `name = value` at the end of a class."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            if name in set(_names(node)):
                return text
            last = node.body[-1]
            return _with_line(text, (last.end_lineno or last.lineno) + 1, " " * last.col_offset + f"{name} = {value}")
    raise NotAsExpected(f"a class {class_name}")


def _value(text: str, variable: str) -> ast.expr | None:
    """What is assigned to a variable of the module."""
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


def _with_item(text: str, whole: ast.expr, items: Sequence[ast.expr], place: int, code: str) -> str:
    """The same with `code` among the items of a list, set or dict: on a line of its own where they have such."""
    lines = _lines(text)
    closing = lines[(whole.end_lineno or 1) - 1]
    is_spread = closing.strip()[:1] in ("]", "}") and whole.lineno != whole.end_lineno
    if not is_spread:
        if place < len(items):
            return _with_text(text, items[place].lineno, items[place].col_offset, 0, f"{code}, ")
        if items:
            return _with_text(text, items[-1].end_lineno, items[-1].end_col_offset, 0, f", {code}")
        return _with_text(text, whole.end_lineno, whole.end_col_offset, -1, code)
    indent = " " * (len(closing) - len(closing.lstrip()) + 4)
    if place < len(items):
        return _with_line(text, items[place].lineno, f"{indent}{code},")
    added = _with_line(text, whole.end_lineno or 1, f"{indent}{code},")
    last = items[-1] if items else None
    if last is None or lines[(last.end_lineno or 1) - 1].encode()[last.end_col_offset or 0 :].lstrip().startswith(b","):
        return added
    return _with_text(added, last.end_lineno, last.end_col_offset, 0, ",")


def _with_line(text: str, number: int, line: str) -> str:
    """With a line more, which then is the one of that number."""
    lines = _lines(text)
    return "".join([*lines[: number - 1], f"{line}\n", *lines[number - 1 :]])


def _lines(text: str) -> list[str]:
    """The lines as `ast` counts them: other characters that end a line for `splitlines` may stand in a text."""
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")]


def _with_text(text: str, line: int | None, column: int | None, shift: int, more: str) -> str:
    """With more text at a place as `ast` gives it: columns are bytes."""
    lines = _lines(text)
    raw = lines[(line or 1) - 1].encode()
    place = (column or 0) + shift
    lines[(line or 1) - 1] = (raw[:place] + more.encode() + raw[place:]).decode()
    return "".join(lines)
