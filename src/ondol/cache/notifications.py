"""Invalidations between processes, through PostgreSQL's LISTEN/NOTIFY.

They are part of the transaction that causes them: they are sent if and only if it commits, whether Valkey is up or
down.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator
from uuid import uuid4

import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ondol.cache.memory import EVERYTHING
from ondol.db.urls import libpq_url

log = structlog.stdlib.get_logger("ondol.cache")

CHANNEL = "ondol_cache"
# Together less than the 8,000 bytes that PostgreSQL refuses.
MAX_TAGS, MAX_NAME_LENGTH = 50, 150
HEARTBEAT_SECONDS = 1.0
RECONNECT_SECONDS = 0.25

_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


def bounded(name: str) -> str:
    """Return a tag or key, or its hash unless it is at most MAX_NAME_LENGTH printable ASCII characters."""
    if len(name) <= MAX_NAME_LENGTH and name.isascii() and name.isprintable():
        return name
    return f"sha256:{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()}"


def payloads(process: str, tags: Iterable[str]) -> Iterator[str]:
    """Yield messages of a process that together contain all `bounded` tags."""
    ordered = sorted(tags)
    for start in range(0, len(ordered), MAX_TAGS):
        yield "\n".join([process, *ordered[start : start + MAX_TAGS]])


class Notifications:
    """Send and receive invalidated tags.

    `on_tags` is called with the tags of other processes, and with EVERYTHING when messages may have been missed. While
    `is_listening` is False, values in memory may be stale.
    The URL must point to PostgreSQL itself: LISTEN does not work through PgBouncer's transaction mode.
    """

    def __init__(self, database_url: str, on_tags: Callable[[list[str]], None]) -> None:
        self._url = libpq_url(database_url)
        self._on_tags = on_tags
        self._process = uuid4().hex
        self._task: asyncio.Task[None] | None = None
        self.is_listening = False

    async def send(self, session: AsyncSession, tags: Iterable[str]) -> None:
        """Send tags to the other processes when the session's transaction commits."""
        for payload in payloads(self._process, tags):
            await session.execute(_NOTIFY, {"channel": CHANNEL, "payload": payload})

    async def open(self) -> None:
        """Start to listen. Raises psycopg.OperationalError if the database cannot be reached."""
        connection = await self._connect()
        self.is_listening = True
        self._task = asyncio.create_task(self._run(connection))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _connect(self) -> psycopg.AsyncConnection:
        connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
        try:
            await connection.execute(f"LISTEN {CHANNEL}")
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _run(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            try:
                async with connection:
                    await self._listen(connection)
            except Exception as error:  # any error: values in memory may be stale while nothing listens
                log.warning("invalidations_lost", error=repr(error))
            finally:
                self.is_listening = False
            connection = await self._reconnect()
            self._on_tags([EVERYTHING])
            self.is_listening = True

    async def _listen(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            async for notification in connection.notifies(timeout=HEARTBEAT_SECONDS):
                sender, *tags = notification.payload.split("\n")
                if sender != self._process:
                    self._on_tags(tags)
            # A query detects a connection that the other end no longer has.
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await connection.execute("SELECT 1")

    async def _reconnect(self) -> psycopg.AsyncConnection:
        while True:
            await asyncio.sleep(RECONNECT_SECONDS)
            try:
                connection = await self._connect()
            except (psycopg.Error, OSError):
                continue
            log.info("invalidations_back")
            return connection
