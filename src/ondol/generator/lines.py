"""Edits of a text at nodes that `ast` found in it."""

import ast
from collections.abc import Sequence


def sources(text: str, nodes: Sequence[ast.expr]) -> list[str]:
    return [ast.get_source_segment(text, node) or "" for node in nodes]


def with_item(text: str, whole: ast.expr, items: Sequence[ast.expr], place: int, code: str) -> str:
    """The same with `code` among the items of a list, set or dict: on a line of its own where they have such."""
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
"""The nodes that something which is listed begins and ends with."""


def without_code(text: str, nodes: Sequence[ast.expr], code: str) -> str:
    there = sources(text, nodes)
    return without_item(text, [(node, node) for node in nodes], there.index(code)) if code in there else text


def without_item(text: str, items: Sequence[Item], place: int) -> str:
    """Without the lines of an item that stands on its own ones, else without it and one of the commas beside it."""
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
    """What stands behind a node on its last line."""
    return lines[(node.end_lineno or 1) - 1].encode()[node.end_col_offset or 0 :].lstrip()


def with_line(text: str, number: int, line: str) -> str:
    """With a line more, which then is the one of that number."""
    lines = _lines(text)
    return "".join([*lines[: number - 1], f"{line}\n", *lines[number - 1 :]])


def without_lines(text: str, first: ast.stmt | ast.expr | ast.alias, last: ast.stmt | ast.expr | ast.alias) -> str:
    lines = _lines(text)
    return "".join([*lines[: first.lineno - 1], *lines[last.end_lineno or last.lineno :]])


def _lines(text: str) -> list[str]:
    """The lines as `ast` counts them: other characters that end a line for `splitlines` may stand in a text."""
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")]


def with_text(text: str, line: int | None, column: int | None, shift: int, more: str) -> str:
    """With more text at a place as `ast` gives it: columns are bytes."""
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
    """Without what stands from one node to another. `is_after`: the first one stays; `is_open`: the last one does."""
    begin = (first.end_lineno, first.end_col_offset) if is_after else (first.lineno, first.col_offset)
    end = (last.lineno, last.col_offset) if is_open else (last.end_lineno, last.end_col_offset)
    raw = text.encode()
    return (raw[: _place(text, *begin)] + raw[_place(text, *end) :]).decode()


def _place(text: str, line: int | None, column: int | None) -> int:
    """The byte at a place as `ast` gives it."""
    return sum(len(each.encode()) for each in _lines(text)[: (line or 1) - 1]) + (column or 0)
