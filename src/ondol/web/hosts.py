"""The check of Host headers."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

_HOST = re.compile(rb"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?", re.IGNORECASE)
# Load balancers and Prometheus request these from a replica by its address.
ASKED_BY_ADDRESS = {"/health/live", "/health/ready", "/metrics"}


def allows(patterns: Iterable[str]) -> Callable[[bytes], bool]:
    """Return a check for Host headers, with or without port. Patterns: `shop.example.com`, `*.example.com`, `*`."""
    exact = {pattern.lower() for pattern in patterns if not pattern.startswith("*")}
    endings = tuple(pattern.lower()[1:] for pattern in patterns if pattern.startswith("*"))

    @lru_cache(maxsize=1_000)
    def is_allowed(header: bytes) -> bool:
        found = _HOST.fullmatch(header)
        name = found["name"].decode().lower() if found else ""
        return bool(name) and (name in exact or name.endswith(endings))

    return (lambda header: True) if "*" in patterns else is_allowed
