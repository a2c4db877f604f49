"""Merge files that list things, one in a line: two sides may add or remove adjacent lines."""

import re

FILES = re.compile(r"(.*/)?(app/(routers|models)/__init__|app/(jobs|scopes)|tests/support/factories/__init__)\.py")
_PARTS = r"<{7} .*\n(?P<ours>(?:.*\n)*?)\|{7} .*\n(?P<base>(?:.*\n)*?)={7}\n(?P<theirs>(?:.*\n)*?)>{7} .*\n"
_CONFLICT = re.compile(f"^{_PARTS}", re.MULTILINE)


def merged(text: str) -> str:
    """Resolve git's conflicts (in the style diff3) where no line was changed by both sides."""
    return _CONFLICT.sub(_lines_of_both, text)


def _lines_of_both(conflict: re.Match[str]) -> str:
    ours, base, theirs = (conflict[name].splitlines(keepends=True) for name in ("ours", "base", "theirs"))
    is_list = all(re.search(r"\w", line) for line in (*ours, *base, *theirs))
    if not is_list or not set(base) <= {*ours, *theirs}:
        return conflict[0]
    kept = (line for line in ours if line in theirs or line not in base)
    return "".join((*kept, *(line for line in theirs if line not in ours and line not in base)))
