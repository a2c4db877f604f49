"""Counts requests in windows.

A window begins with the first request that is counted in it and ends its length later. That may let twice a rate
through around the end of a window; in exchange a key is one number, and what was refused does not lengthen the wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from redis.asyncio.client import Pipeline

from ondol.cache.valkey import Valkey, ValkeyDown
from ondol.rate_limits.rate import Rate
from ondol.rate_limits.windows import Windows
from ondol.setting_groups import CacheSettings


@dataclass(frozen=True, slots=True)
class Limit:
    """What is counted: a `name` that clients see, the `key` it is counted by, and how much is allowed."""

    name: str
    key: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Standing:
    """How a limit stands after a request was counted. `reset_seconds`: until the window ends."""

    limit: Limit
    used: int
    reset_seconds: float

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit.rate.count

    @property
    def remaining(self) -> int:
        return max(0, self.limit.rate.count - self.used)


class RateLimiter:
    """Counts requests, what belongs to one request in one round trip."""

    def __init__(self, redis_url: str, settings: CacheSettings | None = None) -> None:
        settings = settings or CacheSettings()
        self._prefix = settings.prefix
        self._valkey = Valkey(redis_url, settings, _nothing)
        self._windows = Windows()

    async def close(self) -> None:
        await self._valkey.close()

    async def count(self, limits: Sequence[Limit]) -> list[Standing]:
        """Counts one more for each; what is counted beyond a limit makes its window no longer."""
        keys = [self._key(limit) for limit in limits]

        def fill(pipeline: Pipeline) -> None:
            for key, limit in zip(keys, limits, strict=True):
                pipeline.incr(key)
                pipeline.pexpire(key, limit.rate.seconds * 1000, nx=True)
                pipeline.pttl(key)

        try:
            answers = await self._valkey.execute(fill, repeatable=False)
        except ValkeyDown:
            local = (self._windows.count(key, limit.rate) for key, limit in zip(keys, limits, strict=True))
            return [Standing(limit, *counted) for limit, counted in zip(limits, local, strict=True)]
        counted = zip(limits, answers[::3], answers[2::3], strict=True)
        return [Standing(limit, used, max(milliseconds, 0) / 1000) for limit, used, milliseconds in counted]

    async def forget(self, limit: Limit) -> None:
        """Begins anew, for somebody who turned out to be who they said."""
        key = self._key(limit)
        self._windows.forget(key)
        try:
            await self._valkey.execute(lambda pipeline: pipeline.delete(key))
        except ValkeyDown:
            return  # it expires by itself

    def _key(self, limit: Limit) -> str:
        return f"{self._prefix}:limit:{limit.name}:{limit.key}"


async def _nothing() -> None:
    """Nothing need be made up for when Valkey comes back."""
