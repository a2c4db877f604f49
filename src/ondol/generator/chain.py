"""Keeps the chain of migrations whole where one is taken out of it."""

import re
from collections.abc import Iterable
from pathlib import Path

_REVISION = re.compile(r'^revision = "(?P<name>[^"]+)"$', re.MULTILINE)
_BEFORE = re.compile(r'^down_revision = (?P<quoted>None|"[^"]+")$', re.MULTILINE)


def close_gaps(folder: Path, gone: Iterable[str]) -> None:
    """`gone`: the texts of migrations that are no longer in `folder`. What came after one of them now comes after what
    was before it."""
    before = {}
    for text in gone:
        revision, previous = _REVISION.search(text), _BEFORE.search(text)
        if revision and previous:
            before[f'"{revision["name"]}"'] = previous["quoted"]
    for file in folder.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        found = _BEFORE.search(text)
        quoted = found["quoted"] if found else ""
        while quoted in before:
            quoted = before[quoted]
        if found and quoted != found["quoted"]:
            file.write_text(text[: found.start("quoted")] + quoted + text[found.end("quoted") :], encoding="utf-8")
