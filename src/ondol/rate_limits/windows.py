"""Windows in the memory of this process, for limits while Valkey is down."""

import time
from collections import OrderedDict

from ondol.rate_limits.rate import Rate

MAX_WINDOWS = 100_000


class Windows:
    """The windows of the last 100,000 keys."""

    def __init__(self, size: int = MAX_WINDOWS) -> None:
        self._size = size
        self._windows: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def count(self, key: str, rate: Rate) -> tuple[int, float]:
        """Count a request, and return the number in the window and the seconds until it ends."""
        now = time.monotonic()
        used, ends = self._windows.pop(key, (0, 0.0))
        if ends <= now:
            used, ends = 0, now + rate.seconds
        self._windows[key] = used + 1, ends
        while len(self._windows) > self._size:
            self._windows.popitem(last=False)
        return used + 1, ends - now

    def give_back(self, key: str) -> None:
        used, ends = self._windows.get(key, (0, 0.0))
        if used > 0:
            self._windows[key] = used - 1, ends
