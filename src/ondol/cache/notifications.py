"""Invalidations between processes, through PostgreSQL's LISTEN/NOTIFY.

They are part of the transaction that causes them: they are sent if and only if it commits, whether Valkey is up or
down.
"""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from uuid import uuid4

import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ondol.db.urls import libpq_url

log = structlog.stdlib.get_logger("ondol.cache")

CHANNEL = "ondol_cache"
MAX_PAYLOAD_BYTES = 7_999  # PostgreSQL refuses 8,000
MAX_NAME_BYTES = 500
HEARTBEAT_SECONDS = 1.0
RECONNECT_SECONDS = 0.25

_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


def bounded(name: str) -> str:
    """Return a tag or key, or its hash if it is longer than MAX_NAME_BYTES or contains a lone surrogate."""
    if len(name) <= MAX_NAME_BYTES:
        with contextlib.suppress(UnicodeEncodeError):
            if len(name.encode()) <= MAX_NAME_BYTES:
                return name
    return f"sha256:{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()}"


def payloads(process: str, tags: Iterable[str]) -> Iterator[str]:
    """Yield messages of at most MAX_PAYLOAD_BYTES that together contain all tags."""
    start = json.dumps({"from": process, "tags": []})[:-2]
    batch = ""
    for tag in map(json.dumps, sorted(tags)):
        if batch and len(start) + len(batch) + len(tag) + len(", ]}") > MAX_PAYLOAD_BYTES:
            yield f"{start}{batch}]}}"
            batch = ""
        batch = f"{batch}, {tag}" if batch else tag
    if batch:
        yield f"{start}{batch}]}}"


class Notifications:
    """Send and receive invalidated tags.

    `on_tags` is called with the tags of other processes, `on_gap` when messages may have been missed. While
    `is_listening` is False, values in memory may be stale.
    The URL must point to PostgreSQL itself: LISTEN does not work through PgBouncer's transaction mode.
    """

    def __init__(self, database_url: str, on_tags: Callable[[list[str]], None], on_gap: Callable[[], None]) -> None:
        self._url = libpq_url(database_url)
        self._on_tags, self._on_gap = on_tags, on_gap
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
            self._on_gap()
            self.is_listening = True

    async def _listen(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            async for notification in connection.notifies(timeout=HEARTBEAT_SECONDS):
                self._receive(notification.payload)
            # A query detects a connection that the other end no longer has.
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await connection.execute("SELECT 1")

    def _receive(self, payload: str) -> None:
        try:
            message = json.loads(payload)
            sender, tags = message["from"], [str(tag) for tag in message["tags"]]
        except (ValueError, TypeError, KeyError):
            log.warning("invalidation_not_understood")  # any client of the database may NOTIFY
            return
        if sender != self._process:
            self._on_tags(tags)

    async def _reconnect(self) -> psycopg.AsyncConnection:
        while True:
            await asyncio.sleep(RECONNECT_SECONDS)
            try:
                connection = await self._connect()
            except (psycopg.Error, OSError):
                continue
            log.info("invalidations_back")
            return connection
