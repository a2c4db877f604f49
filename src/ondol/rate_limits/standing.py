"""How a limit stands after a request was counted."""

from contextvars import ContextVar
from dataclasses import dataclass

from ondol.rate_limits.rate import Rate


@dataclass(frozen=True, slots=True)
class Limit:
    """What is counted: a `name` that clients see, the `key` it is counted by, and how much is allowed.

    `is_shown`: whether RateLimit headers tell of it. Those of an account would tell strangers how often it is tried.
    """

    name: str
    key: str
    rate: Rate
    is_shown: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """`reset_seconds`: until the window ends."""

    limit: Limit
    used: int
    reset_seconds: float

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit.rate.count

    @property
    def remaining(self) -> int:
        return max(0, self.limit.rate.count - self.used)


STANDINGS: ContextVar[list[Standing] | None] = ContextVar("ondol_standings", default=None)
"""Of the request under way: the limits it was counted against, for its RateLimit headers."""
