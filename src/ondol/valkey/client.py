"""A Valkey client that fails fast and recovers by itself.

Use it for data that the service can do without.

    from ondol.valkey.client import Valkey
    from ondol.valkey.options import ValkeySettings
    async def recovered() -> None: ...
    valkey = Valkey(redis_url, ValkeySettings(), recovered)
    assert await valkey.execute(lambda pipeline: pipeline.incr("visits")) == [1]
    await valkey.close()
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from ondol.valkey.options import ValkeySettings

log = structlog.stdlib.get_logger("ondol.cache")

# A command takes a tenth of a millisecond, so one process cannot keep more connections busy.
MAX_CONNECTIONS = 10
_CLUSTER = re.compile(rb"(redis|server)_mode:cluster")
_RUN_ID = re.compile(rb"run_id:(\w+)")
WAIT_FOR_CONNECTION_SECONDS = 10.0


class ValkeyDown(Exception):
    """Valkey does not answer. Callers continue without it."""


class Valkey:
    """Run commands with a timeout and a circuit breaker.

    After one failure every call raises ValkeyDown at once, until a PING in the background and then `on_recovery`
    succeed.
    """

    def __init__(self, url: str, settings: ValkeySettings, on_recovery: Callable[[], Awaitable[None]]) -> None:
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
                redis_connect_func=self._connected,
            )
        )
        self._recovery: asyncio.Task[None] | None = None
        self.is_cluster = False
        self.run_id = ""
        """The run id of the server that the newest connection reached; "" if the server refuses INFO. It changes when
        a server restarts, perhaps with the data of an old snapshot, or another one takes over."""

    async def _connected(self, connection: Any) -> None:
        try:
            await connection.on_connect()
            await connection.send_command("INFO", "server")
            told = await connection.read_response()
            found, self.is_cluster = _RUN_ID.search(told), _CLUSTER.search(told) is not None
        except ResponseError as error:  # an access list may refuse INFO
            log.warning("valkey_run_id_hidden", error=repr(error))
            found = None
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        if self.is_cluster:
            log.error("valkey_in_cluster_mode", setting="REDIS_URL")
        self.run_id = found[1].decode() if found else ""

    @property
    def is_up(self) -> bool:
        """Return whether the circuit breaker is closed, without asking Valkey."""
        return self._recovery is None

    async def execute(self, fill: Callable[[Pipeline], object]) -> list[Any]:
        """Run the commands that `fill` adds to a pipeline, in one round trip. Raises ValkeyDown."""
        if not self.is_up:
            raise ValkeyDown
        try:
            return await self.execute_anyway(fill)
        except (RedisError, OSError) as error:
            self._go_down(error)
            raise ValkeyDown from error

    async def execute_anyway(self, fill: Callable[[Pipeline], object]) -> list[Any]:
        """Run commands even while the breaker is open, for `on_recovery`. Raises RedisError or OSError."""
        pipeline = self._redis.pipeline(transaction=False)
        fill(pipeline)
        return list(await pipeline.execute())

    async def ping(self) -> bool:
        """Return whether Valkey answers within the timeout."""
        try:
            await self.execute(lambda pipeline: pipeline.ping())
        except ValkeyDown:
            return False
        return True

    async def close(self) -> None:
        """Stop the recovery and close the connections."""
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
            except Exception:  # noqa: S112  (logged once, in `_go_down`; any error: retry)
                continue
            self._recovery = None
            log.info("valkey_up")
            return
