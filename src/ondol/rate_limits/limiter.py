"""Counts requests in windows.

A window begins with the first request that is counted in it and ends its length later. That may let twice a rate
through around the end of a window; in exchange a key is one number, and what was refused does not lengthen the wait.

Large limits are counted in advance: a process reserves a hundredth of the limit and counts those requests by itself,
so that hardly any request waits for Valkey. Over all processes there are never more than the limit; what a process has
reserved and does not use, a hundredth at most, the others lack until the window ends. Nor are there more when an answer
of Valkey came too late to be seen: then a request is counted twice.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from weakref import WeakValueDictionary

from redis.asyncio.client import Pipeline

from ondol.cache.valkey import Valkey, ValkeyDown
from ondol.rate_limits.rate import Rate
from ondol.rate_limits.windows import Windows
from ondol.setting_groups import CacheSettings

RESERVED_SHARE = 100
MAX_RESERVATIONS = 100_000


@dataclass(frozen=True, slots=True)
class Limit:
    """What is counted: a `name` that clients see, the `key` it is counted by, and how much is allowed."""

    name: str
    key: str
    rate: Rate

    @property
    def portion(self) -> int:
        """How many are counted at a time."""
        return max(1, self.rate.count // RESERVED_SHARE)


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


@dataclass(slots=True)
class _Reservation:
    """Until `ends` (monotonic), `left` requests that are counted already, among `counted` of all processes."""

    counted: int
    left: int
    ends: float


class RateLimiter:
    """Counts requests, each in one round trip at most."""

    def __init__(self, redis_url: str, settings: CacheSettings | None = None) -> None:
        settings = settings or CacheSettings()
        self._prefix = settings.prefix
        self._valkey = Valkey(redis_url, settings, _nothing)
        self._windows = Windows()
        self._reservations: OrderedDict[str, _Reservation] = OrderedDict()
        self._reserving: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def close(self) -> None:
        await self._valkey.close()

    async def is_up(self) -> bool:
        """Whether processes count together just now."""
        return await self._valkey.ping()

    async def count(self, limit: Limit) -> Standing:
        """Counts one more."""
        key = self._key(limit)
        if limit.portion == 1:
            return await self._count_shared(key, limit)
        if standing := self._count_reserved(key, limit):
            return standing
        # One request reserves, and those that came meanwhile use what it got.
        async with self._reserving.setdefault(key, asyncio.Lock()):
            return self._count_reserved(key, limit) or await self._count_shared(key, limit)

    async def give_back(self, limit: Limit) -> None:
        """Counts one less, for somebody who turned out to be who they said."""
        key = self._key(limit)

        def fill(pipeline: Pipeline) -> None:
            pipeline.decr(key)
            pipeline.pexpire(key, limit.rate.seconds * 1000, nx=True)

        try:
            await self._valkey.execute(fill)
        except ValkeyDown:
            self._windows.give_back(key)

    def _count_reserved(self, key: str, limit: Limit) -> Standing | None:
        reservation, now = self._reservations.get(key), time.monotonic()
        if reservation is None or reservation.ends <= now:
            return None
        if reservation.left > 0:
            reservation.left -= 1
            return Standing(limit, reservation.counted - reservation.left, reservation.ends - now)
        if reservation.counted >= limit.rate.count:
            return Standing(limit, limit.rate.count + 1, reservation.ends - now)
        return None

    async def _count_shared(self, key: str, limit: Limit) -> Standing:
        def fill(pipeline: Pipeline) -> None:
            pipeline.incrby(key, limit.portion)
            pipeline.pexpire(key, limit.rate.seconds * 1000, nx=True)
            pipeline.pttl(key)

        try:
            counted, _, milliseconds = await self._valkey.execute(fill)
        except ValkeyDown:
            return Standing(limit, *self._windows.count(key, limit.rate))
        return self._reserved(key, limit, counted, max(milliseconds, 0) / 1000)

    def _reserved(self, key: str, limit: Limit, counted: int, seconds: float) -> Standing:
        """One of the portion is this request; the others are for the next ones, as far as the limit goes."""
        before = counted - limit.portion
        if limit.portion > 1:
            left = max(0, min(counted, limit.rate.count) - before - 1)
            self._reservations[key] = _Reservation(before + 1 + left, left, time.monotonic() + seconds)
            self._reservations.move_to_end(key)
            if len(self._reservations) > MAX_RESERVATIONS:
                self._reservations.popitem(last=False)
        return Standing(limit, before + 1, seconds)

    def _key(self, limit: Limit) -> str:
        return f"{self._prefix}:limit:{limit.name}:{limit.key}"


async def _nothing() -> None:
    """Nothing need be made up for when Valkey comes back."""
