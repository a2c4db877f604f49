"""Limits, and their state after a request was counted."""

from contextvars import ContextVar
from dataclasses import dataclass

from ondol.rate_limits.rate import Rate


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit: the `name` that clients see, the `key` to count by, and the `rate`.

    `is_shown`: whether RateLimit headers include it. An account's limit would reveal how often its login is tried.
    """

    name: str
    key: str
    rate: Rate
    is_shown: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a limit. `reset_seconds`: time until the window ends."""

    limit: Limit
    used: int
    reset_seconds: float

    @property
    def is_exceeded(self) -> bool:
        """Return whether this request was one too many."""
        return self.used > self.limit.rate.count

    @property
    def remaining(self) -> int:
        """Return how many more requests the window allows."""
        return max(0, self.limit.rate.count - self.used)


STANDINGS: ContextVar[list[Standing] | None] = ContextVar("ondol_standings", default=None)
"""The limits that the current request was counted against, for its RateLimit headers."""
