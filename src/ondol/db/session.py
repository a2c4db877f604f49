"""Sessions: the unit of work, the read session, and the same synchronously for scripts."""

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
    """Two pools, for asyncio: one for transactions, one in autocommit for reads, which wait behind no writer.

    Opens no connection until one is needed."""

    def __init__(
        self,
        url: str,
        settings: DatabaseSettings | None = None,
        *,
        pooled: bool = False,
        on_use: Callable[[int], None] | None = None,
    ) -> None:
        """`pooled`: `url` leads to PgBouncer in transaction mode. `on_use` is told when a connection is taken
        from the pool (1) and given back (-1)."""
        settings = settings or DatabaseSettings()
        url = _url(url, settings, pooled=pooled)
        options: dict[str, Any] = {
            "max_overflow": 0,  # a connection that is opened and closed under load costs more than it carries
            "pool_timeout": settings.pool_timeout_seconds,
            "pool_use_lifo": True,  # the newest first: a broken one is found soon
            "hide_parameters": True,  # values do not belong in an error's text, nor in a log
            "connect_args": {"async_creator_fn": CancellableConnection.connect},
        }
        if pooled:
            # Each transaction may meet another server connection, which knows no statement prepared on the last one.
            options["connect_args"]["prepare_threshold"] = None
        self._commit_seconds = settings.commit_timeout_seconds
        self.engine = create_async_engine(url, pool_size=settings.pool_size, **options)
        # In autocommit nothing is left on a connection that would have to be rolled back.
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
        # close_resets_only=False: a session used after its end (in a streamed response) raises instead of leaking.
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
        """The unit of work: everything in the block commits together, or nothing does.

        The commit and its hooks cannot be interrupted: once they began they end, and only then is a cancellation
        raised. Any exception in the block rolls back.
        """
        async with self._write_sessions() as session:
            yield session
            await uninterrupted(commit(session, self._commit_seconds))

    def reading(self) -> ReadSession:
        """A read session, for `async with`. Statements do not share a snapshot; where they must agree, use
        `transaction()`."""
        return self._read_sessions()

    @contextmanager
    def watched(self, note: Callable[[str], None]) -> Iterator[None]:
        """Tell `note` the SQL of every statement in the block, before it is sent; not of BEGIN and COMMIT."""
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
        """One round trip. Raises SQLAlchemy's errors."""
        async with self.reading() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()
        await self.read_engine.dispose()


class SyncDatabase:
    """The same database for scripts, notebooks and the command line, without asyncio."""

    def __init__(self, url: str, settings: DatabaseSettings | None = None) -> None:
        settings = settings or DatabaseSettings()
        self.engine: Engine = create_engine(
            _url(url, settings, pooled=False),
            pool_size=1,
            max_overflow=4,
            hide_parameters=True,
        )
        event.listen(self.engine, "commit", refuse_aborted)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commits at the end of the block; rolls back when it raises."""
        with self._sessions() as session, session.begin():
            yield session

    def close(self) -> None:
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
    """Return whether a pooler stands between: the process that answers is not the one that the driver was told of."""
    answering = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    return bool((await driver_connection(session)).info.backend_pid != answering)
