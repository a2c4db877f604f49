"""The part of the cache in the memory of the process, which needs no round trip."""

import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Any
    tags: frozenset[str]
    expires_at: float


class Memory:
    """The most recently used `size` values. Requests share them: do not change a value."""

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._by_tag: dict[str, set[str]] = {}

    def get(self, key: str) -> Any | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires_at <= time.monotonic():
            self._remove(key)
            return None
        self._entries.move_to_end(key)
        return entry.value

    def set(self, key: str, value: Any, *, tags: Iterable[str], seconds: float) -> None:
        self._remove(key)
        entry = _Entry(value, frozenset(tags), time.monotonic() + seconds)
        self._entries[key] = entry
        for tag in entry.tags:
            self._by_tag.setdefault(tag, set()).add(key)
        while len(self._entries) > self._size:
            self._remove(next(iter(self._entries)))

    def drop(self, tags: Iterable[str]) -> None:
        for tag in tags:
            for key in list(self._by_tag.get(tag, ())):
                self._remove(key)

    def clear(self) -> None:
        self._entries.clear()
        self._by_tag.clear()

    def _remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        for tag in entry.tags:
            keys = self._by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._by_tag[tag]
