"""Counts requests in windows, exactly over all processes; each process by itself while Valkey is away.

A window begins with the first request that is counted in it and ends its length later. That may let twice a rate
through around the end of a window; in exchange a key is one number, and what was refused does not lengthen the wait.
"""

import ipaddress
import math

import structlog
from redis.asyncio.client import Pipeline

from ondol.auth.client import Client
from ondol.errors import TooManyRequests
from ondol.rate_limits.standing import STANDINGS, Limit, Standing
from ondol.rate_limits.windows import Windows
from ondol.valkey.client import Valkey, ValkeyDown
from ondol.valkey.options import ValkeySettings

log = structlog.stdlib.get_logger("ondol.limits")


def network_of(address: str) -> str:
    """Return what to count a client by: its IPv4 address, or the /64 of its IPv6 address.

    An IPv6 client has a /64 of its own and would else have 2⁶⁴ addresses.
    """
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)


class RateLimiter:
    """Counts requests, each in one round trip."""

    def __init__(self, redis_url: str, settings: ValkeySettings | None = None) -> None:
        settings = settings or ValkeySettings()
        self._prefix = settings.prefix
        self._valkey = Valkey(redis_url, settings, _nothing)
        self._windows = Windows()

    async def close(self) -> None:
        await self._valkey.close()

    async def is_up(self) -> bool:
        """Return whether processes count together just now."""
        return await self._valkey.ping()

    async def enforce(self, limit: Limit, client: Client) -> None:
        """Count one more of a client's requests. Raises TooManyRequests beyond the limit."""
        standing = await self.count(limit)
        if standing.is_exceeded:
            log.warning("rate_limited", limit=limit.name, address=client.address)
            raise TooManyRequests(headers={"Retry-After": str(max(math.ceil(standing.reset_seconds), 1))})
        if limit.is_shown and (standings := STANDINGS.get()) is not None:
            standings.append(standing)

    async def count(self, limit: Limit) -> Standing:
        """Count one more."""
        key, milliseconds = self._key(limit), limit.rate.seconds * 1000

        def fill(pipeline: Pipeline) -> None:
            pipeline.incr(key)
            pipeline.pexpire(key, milliseconds, nx=True)
            pipeline.pttl(key)

        try:
            used, _, left = await self._valkey.execute(fill)
        except ValkeyDown:
            return Standing(limit, *self._windows.count(key, limit.rate))
        return Standing(limit, used, max(left, 0) / 1000)

    async def give_back(self, limit: Limit) -> None:
        """Count one less, for somebody who turned out to be who they said."""
        key = self._key(limit)

        def fill(pipeline: Pipeline) -> None:
            pipeline.decr(key)
            pipeline.pexpire(key, limit.rate.seconds * 1000, nx=True)

        try:
            await self._valkey.execute(fill)
        except ValkeyDown:
            self._windows.give_back(key)

    def _key(self, limit: Limit) -> str:
        return f"{self._prefix}:limit:{limit.name}:{limit.key}"


async def _nothing() -> None:
    """Nothing need be made up for when Valkey comes back."""
