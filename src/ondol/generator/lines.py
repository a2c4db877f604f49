"""Edit source text at the nodes that `ast` finds in it."""

import ast
from collections.abc import Sequence


def sources(text: str, nodes: Sequence[ast.expr]) -> list[str]:
    return [ast.get_source_segment(text, node) or "" for node in nodes]


def with_item(text: str, whole: ast.expr, items: Sequence[ast.expr], place: int, code: str) -> str:
    """Return the text with `code` added to the items of a list, set or dict, on its own line if theirs are."""
    lines = _lines(text)
    closing = lines[(whole.end_lineno or 1) - 1]
    is_spread = closing.strip()[:1] in ("]", "}") and whole.lineno != whole.end_lineno
    if not is_spread:
        if place < len(items):
            return with_text(text, items[place].lineno, items[place].col_offset, 0, f"{code}, ")
        if items:
            return with_text(text, items[-1].end_lineno, items[-1].end_col_offset, 0, f", {code}")
        return with_text(text, whole.end_lineno, whole.end_col_offset, -1, code)
    indent = " " * (len(closing) - len(closing.lstrip()) + 4)
    if place < len(items):
        return with_line(text, items[place].lineno, f"{indent}{code},")
    added = with_line(text, whole.end_lineno or 1, f"{indent}{code},")
    last = items[-1] if items else None
    if last is None or _rest(lines, last).startswith(b","):
        return added
    return with_text(added, last.end_lineno, last.end_col_offset, 0, ",")


Item = tuple[ast.expr | ast.alias, ast.expr | ast.alias]
"""The first and the last node of an item."""


def without_code(text: str, nodes: Sequence[ast.expr], code: str) -> str:
    there = sources(text, nodes)
    return without_item(text, [(node, node) for node in nodes], there.index(code)) if code in there else text


def without_item(text: str, items: Sequence[Item], place: int) -> str:
    """Return the text without an item: without its lines if it fills them, else without it and an adjacent comma."""
    lines, (first, last) = _lines(text), items[place]
    before = lines[first.lineno - 1].encode()[: first.col_offset].strip()
    after = _rest(lines, last).removeprefix(b",").strip()
    if not before and (not after or after.startswith(b"#")):
        return without_lines(text, first, last)
    if place + 1 < len(items):
        return without_text(text, first, items[place + 1][0], is_open=True)
    if place:
        return without_text(text, items[place - 1][1], last, is_after=True)
    return without_text(text, first, last)


def _rest(lines: Sequence[str], node: ast.expr | ast.alias) -> bytes:
    """Return the rest of a node's last line after the node."""
    return lines[(node.end_lineno or 1) - 1].encode()[node.end_col_offset or 0 :].lstrip()


def with_line(text: str, number: int, line: str) -> str:
    """Return the text with `line` inserted as line `number`."""
    lines = _lines(text)
    return "".join([*lines[: number - 1], f"{line}\n", *lines[number - 1 :]])


def without_lines(text: str, first: ast.stmt | ast.expr | ast.alias, last: ast.stmt | ast.expr | ast.alias) -> str:
    lines = _lines(text)
    return "".join([*lines[: first.lineno - 1], *lines[last.end_lineno or last.lineno :]])


def _lines(text: str) -> list[str]:
    """Return the lines as `ast` counts them. `splitlines` would also split at other characters, within strings."""
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")]


def with_text(text: str, line: int | None, column: int | None, shift: int, more: str) -> str:
    """Return the text with `more` inserted `shift` bytes after an `ast` position, which counts columns in bytes."""
    place = _place(text, line, column) + shift
    raw = text.encode()
    return (raw[:place] + more.encode() + raw[place:]).decode()


def without_text(
    text: str,
    first: ast.expr | ast.alias,
    last: ast.expr | ast.alias,
    *,
    is_after: bool = False,
    is_open: bool = False,
) -> str:
    """Return the text without two nodes and all between. `is_after` keeps the first node, `is_open` the last."""
    begin = (first.end_lineno, first.end_col_offset) if is_after else (first.lineno, first.col_offset)
    end = (last.lineno, last.col_offset) if is_open else (last.end_lineno, last.end_col_offset)
    raw = text.encode()
    return (raw[: _place(text, *begin)] + raw[_place(text, *end) :]).decode()


def _place(text: str, line: int | None, column: int | None) -> int:
    """Return the byte offset of an `ast` position."""
    return sum(len(each.encode()) for each in _lines(text)[: (line or 1) - 1]) + (column or 0)
