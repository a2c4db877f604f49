"""A rate limiter with fixed windows: exact over all processes, separate for each process while Valkey is down.

Use it for logins and costly operations. A window starts with the first request counted in it. Up to twice the rate may
pass around its end; in exchange each key is a single number, and refused requests do not lengthen the wait.

    from ondol.rate_limits.limiter import RateLimiter
    from ondol.rate_limits.rate import parse_rate
    from ondol.rate_limits.standing import Limit
    limiter, limit = RateLimiter(redis_url), Limit("login", "192.0.2.1", parse_rate("10/15m"))
    assert (await limiter.count(limit)).remaining == 9
    await limiter.close()
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
    """Return the key to count a client by: its IPv4 address, or the /64 of its IPv6 address.

    An IPv6 client usually has a whole /64, so 2⁶⁴ addresses to choose from.
    """
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)


class RateLimiter:
    """Count requests, each in one round trip."""

    def __init__(self, redis_url: str, settings: ValkeySettings | None = None) -> None:
        settings = settings or ValkeySettings()
        self._prefix = settings.prefix
        self._valkey = Valkey(redis_url, settings, _nothing)
        self._windows = Windows()

    async def close(self) -> None:
        """Close the connections."""
        await self._valkey.close()

    async def is_up(self) -> bool:
        """Return whether Valkey answers, so that all processes count together."""
        return await self._valkey.ping()

    async def enforce(self, limit: Limit, client: Client) -> None:
        """Count a request of a client. Raises TooManyRequests if it exceeds the limit."""
        standing = await self.count(limit)
        if standing.is_exceeded:
            log.warning("rate_limited", limit=limit.name, address=client.address)
            raise TooManyRequests(headers={"Retry-After": str(max(math.ceil(standing.reset_seconds), 1))})
        if limit.is_shown and (standings := STANDINGS.get()) is not None:
            standings.append(standing)

    async def count(self, limit: Limit) -> Standing:
        """Count a request, and return the state of the limit."""
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
        """Uncount a request, after a successful login."""
        key = self._key(limit)

        def fill(pipeline: Pipeline) -> None:
            # If the window has ended since, its key must not become -1: the next window would allow one more.
            pipeline.set(key, 1, nx=True, px=limit.rate.seconds * 1000)
            pipeline.decr(key)
            pipeline.pexpire(key, limit.rate.seconds * 1000, nx=True)

        try:
            await self._valkey.execute(fill)
        except ValkeyDown:
            self._windows.give_back(key)

    def _key(self, limit: Limit) -> str:
        return f"{self._prefix}:limit:{limit.name}:{limit.key}"


async def _nothing() -> None:
    """Do nothing when Valkey comes back: no counts are pending."""
