"""A Valkey client that gives up quickly and comes back by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from ondol.settings import CacheSettings

log = structlog.stdlib.get_logger("ondol.cache")

# Few: a command takes a tenth of a millisecond, so more of them only wait for this one process.
MAX_CONNECTIONS = 10
WAIT_FOR_CONNECTION_SECONDS = 10.0
ATTEMPTS_WHEN_BUSY = 20
ALLOWED_LATENESS = 0.2  # of the time-out


class ValkeyDown(Exception):
    """Valkey does not answer; do without."""


class _Punctuality:
    """Whether the loop was in time while we waited: after half of the seconds, and when they were over.

    The end alone does not tell: after one turn of the loop as long as the time-out, the answer and the time-out are
    seen together, in time.
    """

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._started, self._seconds, self._late = self._loop.time(), seconds, False
        self._half_way = self._loop.call_later(seconds / 2, self._look, seconds / 2)

    def _look(self, due: float) -> None:
        self._late |= self._loop.time() - self._started > due + ALLOWED_LATENESS * self._seconds

    def is_kept(self) -> bool:
        self._look(self._seconds)
        return not self._late

    def end(self) -> None:
        self._half_way.cancel()


class Valkey:
    """Commands with a time-out and a circuit breaker.

    After one failure every call raises ValkeyDown at once, until a PING in the background succeeds again. Then
    `on_recovery` runs, and only when it too succeeded do calls pass.
    """

    def __init__(self, url: str, settings: CacheSettings, on_recovery: Callable[[], Awaitable[None]]) -> None:
        self._settings = settings
        self._on_recovery = on_recovery
        self._redis = Redis(
            connection_pool=BlockingConnectionPool.from_url(
                url,
                max_connections=MAX_CONNECTIONS,
                timeout=WAIT_FOR_CONNECTION_SECONDS,
                socket_timeout=settings.timeout_seconds,
                socket_connect_timeout=settings.timeout_seconds,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
            )
        )
        self._recovery: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        return self._recovery is None

    async def execute(self, fill: Callable[[Pipeline], object]) -> list[Any]:
        """Runs the commands that `fill` puts in a pipeline, in one round trip. Raises ValkeyDown.

        They may run again, when their answer came while this process was too busy to look.
        """
        for attempt in range(ATTEMPTS_WHEN_BUSY):
            if not self.is_up:
                break
            punctual = _Punctuality(self._settings.timeout_seconds)
            try:
                return await self.execute_anyway(fill)
            except (RedisError, OSError) as error:
                # Otherwise the time-out says that we were slow, not Valkey.
                silent = not isinstance(error, RedisTimeout) or punctual.is_kept()
                if silent or attempt + 1 == ATTEMPTS_WHEN_BUSY:
                    self._go_down(error)
            finally:
                punctual.end()
        raise ValkeyDown

    async def execute_anyway(self, fill: Callable[[Pipeline], object]) -> list[Any]:
        """The same past the breaker: for `on_recovery`. Raises RedisError or OSError."""
        pipeline = self._redis.pipeline(transaction=False)
        fill(pipeline)
        return list(await pipeline.execute())

    async def ping(self) -> bool:
        try:
            await self.execute(lambda pipeline: pipeline.ping())
        except ValkeyDown:
            return False
        return True

    async def close(self) -> None:
        if self._recovery is not None:
            self._recovery.cancel()
            await asyncio.gather(self._recovery, return_exceptions=True)
        await self._redis.aclose(close_connection_pool=True)

    def _go_down(self, error: BaseException) -> None:
        if self._recovery is None:
            log.warning("valkey_down", error=repr(error))
            self._recovery = asyncio.create_task(self._recover())

    async def _recover(self) -> None:
        while True:
            await asyncio.sleep(self._settings.retry_seconds)
            try:
                await self._redis.connection_pool.disconnect(inuse_connections=False)
                await self._redis.ping()
                await self._on_recovery()
            except Exception:  # noqa: S112  (said once, in `_go_down`; whatever it is, try again)
                continue
            self._recovery = None
            log.info("valkey_up")
            return
