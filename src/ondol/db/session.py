"""Sessions: for transactions, for reads, and synchronous ones for scripts.

Use a transaction for each request or job that writes, and a read session where nothing is written.

    from sqlalchemy import text
    from ondol.db.session import Database
    database = Database(database_url)
    async with database.transaction() as session:  # commits at its end, rolls back if the block raises
        assert await session.scalar(text("SELECT 1")) == 1
    await database.close()
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

from ondol.db.commit import commit
from ondol.db.compiled import CompiledReads
from ondol.db.connection import CancellableConnection, discard_useless, refuse_aborted, use_utc
from ondol.db.deadline import uninterrupted
from ondol.db.options import DatabaseSettings
from ondol.db.reading import QuickSession, ReadSession
from ondol.db.urls import names_time_zone, sqlalchemy_url


class Database:
    """Two pools for asyncio: one for transactions, one in autocommit for reads, which do not wait for writers.

    Connections are opened when they are first needed."""

    def __init__(
        self,
        url: str,
        settings: DatabaseSettings | None = None,
        *,
        pooled: bool = False,
        on_use: Callable[[int], None] | None = None,
    ) -> None:
        """`pooled`: `url` points to PgBouncer in transaction mode. `on_use` is called when a connection leaves the pool
        (1) and returns to it (-1)."""
        settings = settings or DatabaseSettings()
        url = _url(url, settings, pooled=pooled)
        options: dict[str, Any] = {
            "max_overflow": 0,  # opening and closing connections under load costs more than they serve
            "pool_timeout": settings.pool_timeout_seconds,
            "pool_use_lifo": True,  # the last used first: broken connections are found soon
            "hide_parameters": True,  # errors and logs must not contain values
            "connect_args": {"async_creator_fn": CancellableConnection.connect},
        }
        if pooled:
            # Each transaction may use another server connection, without the statements prepared on the last one.
            options["connect_args"]["prepare_threshold"] = None
        self._commit_seconds = settings.commit_timeout_seconds
        self.engine = create_async_engine(url, pool_size=settings.pool_size, **options)
        # In autocommit a connection never returns with an open transaction.
        self.read_engine = create_async_engine(
            url,
            pool_size=settings.read_pool_size,
            isolation_level="AUTOCOMMIT",
            pool_reset_on_return=None,
            **options,
        )
        self._compiled = CompiledReads(self.read_engine)
        for engine in (self.engine.sync_engine, self.read_engine.sync_engine):
            if pooled and not names_time_zone(url):
                event.listen(engine, "connect", use_utc)
            event.listen(engine, "handle_error", discard_useless)
            if on_use is not None:
                event.listen(engine, "checkout", lambda *_: on_use(1))
                event.listen(engine, "checkin", lambda *_: on_use(-1))
        event.listen(self.engine.sync_engine, "commit", refuse_aborted)
        # close_resets_only=False: a session used after it was closed (in a streamed response) raises.
        self._write_sessions = async_sessionmaker(
            self.engine, class_=QuickSession, expire_on_commit=False, close_resets_only=False
        )
        self._read_sessions = async_sessionmaker(
            self.read_engine,
            class_=ReadSession,
            expire_on_commit=False,
            close_resets_only=False,
            compiled=self._compiled,
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open a session for one transaction: everything in the block commits together, or nothing does.

        The commit and its hooks are not interruptible: a cancellation is raised after they have ended. Any exception in
        the block rolls back.
        """
        async with self._write_sessions() as session:
            yield session
            await uninterrupted(commit(session, self._commit_seconds))

    def reading(self) -> ReadSession:
        """Return a read session, for `async with`. Its statements do not share a snapshot; if they must, use
        `transaction()`."""
        return self._read_sessions()

    @contextmanager
    def watched(self, note: Callable[[str], None]) -> Iterator[None]:
        """Call `note` with the SQL of every statement in the block, before it is sent; not for BEGIN and COMMIT."""
        engines = [self.engine.sync_engine, self.read_engine.sync_engine]
        hook: Callable[..., None] = lambda *arguments: note(arguments[2])  # noqa: E731
        for engine in engines:
            event.listen(engine, "before_cursor_execute", hook)
        self._compiled.notes.append(note)
        try:
            yield
        finally:
            self._compiled.notes.remove(note)
            for engine in engines:
                event.remove(engine, "before_cursor_execute", hook)

    async def ping(self) -> None:
        """Make one round trip. Raises SQLAlchemy's errors."""
        async with self.reading() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close the connections of both pools."""
        await self.engine.dispose()
        await self.read_engine.dispose()


class SyncDatabase:
    """A database without asyncio, for scripts, notebooks and the command line."""

    def __init__(self, url: str, settings: DatabaseSettings | None = None) -> None:
        settings = settings or DatabaseSettings()
        self.engine: Engine = create_engine(
            _url(url, settings, pooled=False),
            pool_size=settings.pool_size,
            max_overflow=0,
            pool_timeout=settings.pool_timeout_seconds,
            hide_parameters=True,
        )
        event.listen(self.engine, "commit", refuse_aborted)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a session that commits at the end of the block, or rolls back if it raises."""
        with self._sessions() as session, session.begin():
            yield session

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()


def _url(url: str, settings: DatabaseSettings, *, pooled: bool) -> str:
    return sqlalchemy_url(
        url,
        connect_timeout_seconds=settings.connect_timeout_seconds,
        timeouts={
            "statement_timeout": settings.statement_timeout_seconds,
            "lock_timeout": settings.lock_timeout_seconds,
            "idle_in_transaction_session_timeout": settings.idle_in_transaction_timeout_seconds,
        },
        pooled=pooled,
    )


async def driver_connection(session: AsyncSession) -> Any:
    """Return psycopg's own connection, in the session's transaction."""
    return (await (await session.connection()).get_raw_connection()).driver_connection


async def is_pooled(session: AsyncSession) -> bool:
    """Return whether there is a pooler in front: the answering process is not the one that the driver connected to."""
    answering = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    return bool((await driver_connection(session)).info.backend_pid != answering)
