"""The part of the cache in the memory of the process, which needs no round trip."""

import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

EVERYTHING = "*"
"""The tag of every value."""


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Any
    tags: tuple[str, ...]
    drops: int
    expires_at: float


class Memory:
    """The most recently used `size` values. Requests share them: do not change a value."""

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._dropped: dict[str, int] = {}
        self.drops = 0
        """The number of invalidations. A value is valid if none of its tags was dropped since it was loaded."""

    def get(self, key: str) -> Any | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires_at <= time.monotonic() or self._is_dropped(entry):
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry.value

    def set(self, key: str, value: Any, *, tags: tuple[str, ...], seconds: float, drops: int) -> None:
        """Keep a value. `drops`: the number of invalidations before it was loaded."""
        self._entries[key] = _Entry(value, tags, drops, time.monotonic() + seconds)
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def drop(self, tags: Iterable[str]) -> None:
        self.drops += 1
        self._dropped.update(dict.fromkeys(tags, self.drops))
        if len(self._dropped) > self._size:
            self._dropped = {EVERYTHING: self.drops}

    def _is_dropped(self, entry: _Entry) -> bool:
        return any(self._dropped.get(tag, 0) > entry.drops for tag in entry.tags)
