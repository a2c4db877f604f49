"""Merge files that list things, one in a line: two sides may add or remove adjacent lines."""

import ast
import re
from collections.abc import Sequence

FILES = re.compile(r"(.*/)?(app/(routers|models)/__init__|app/(jobs|scopes)|tests/support/factories/__init__)\.py")
_PARTS = r"<{7} .*\n(?P<ours>(?:.*\n)*?)\|{7} .*\n(?P<base>(?:.*\n)*?)={7}\n(?P<theirs>(?:.*\n)*?)>{7} .*\n"
_CONFLICT = re.compile(f"^{_PARTS}", re.MULTILINE)
_MARKER = re.compile(r"^<{7} ", re.MULTILINE)
_NAME = re.compile(r"\s*([\w.]+)")


def merged(text: str) -> str | None:
    """Resolve git's conflicts (in the style diff3) if no line was changed by both sides; None if one has to be read."""
    result = _CONFLICT.sub(_lines_of_both, text)
    if result == text or _MARKER.search(result):
        return None
    try:
        ast.parse(result)
    except SyntaxError:
        return None
    return result


def _lines_of_both(conflict: re.Match[str]) -> str:
    ours, base, theirs = (conflict[name].splitlines(keepends=True) for name in ("ours", "base", "theirs"))
    kept = [line for line in ours if line in theirs or line not in base]
    result = [*kept, *(line for line in theirs if line not in ours and line not in base)]
    names = [found[1] for line in result if (found := _NAME.match(line))]
    is_safe = _is_list([*ours, *base, *theirs]) and set(base) <= {*ours, *theirs} and len(set(names)) == len(names)
    return "".join(result) if is_safe else conflict[0]


def _is_list(lines: Sequence[str]) -> bool:
    """Return whether each line is one item: no comment, no part of an item, and with or without a comma like all."""
    is_item = all(re.search(r"\w", line) and not line.lstrip().startswith("#") for line in lines)
    return is_item and len({line.rstrip().endswith(",") for line in lines}) == 1
