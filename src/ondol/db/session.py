"""Sessions: the unit of work, the read session, and the same synchronously for scripts."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from psycopg.errors import ReadOnlySqlTransaction
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, ExceptionContext, TextClause, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker

from ondol.db.compiled import CompiledReads
from ondol.db.deadline import lift_deadline, uninterrupted
from ondol.db.options import DatabaseSettings
from ondol.db.urls import names_time_zone, sqlalchemy_url

CommitHook = Callable[[AsyncSession], Awaitable[None]]

_BEFORE, _AFTER = "ondol.before_commit", "ondol.after_commit"


def before_commit(session: AsyncSession, hook: CommitHook) -> None:
    """Runs `hook` in the transaction, last before it commits. A hook registered twice runs once."""
    _register(session, _BEFORE, hook)


def after_commit(session: AsyncSession, hook: CommitHook) -> None:
    """Runs `hook` between the commit and the response, also when the connection broke while committing and nobody
    knows whether it did. It must not raise."""
    _register(session, _AFTER, hook)


def refuse_read_only(session: AsyncSession) -> None:
    """Raise ReadOnlyViolation for a read session: what should happen at its commit never would."""
    if isinstance(session, ReadSession):
        raise ReadOnlyViolation


def _register(session: AsyncSession, kind: str, hook: CommitHook) -> None:
    refuse_read_only(session)
    hooks: list[CommitHook] = session.info.setdefault(kind, [])
    if hook not in hooks:
        hooks.append(hook)


class ReadOnlyViolation(Exception):
    """A read session was asked to write. It is a programming error: take a transaction."""

    def __init__(self) -> None:
        super().__init__("A read session cannot write: use in_transaction(…) or runtime.transaction() for this.")


class ReadOnlySession(Session):
    """Refuses to flush and to run INSERT, UPDATE or DELETE: in autocommit each would be its own transaction."""


class QuickSession(AsyncSession):
    """Closes at once where it holds no connection. Else its end runs in a task of its own, as AsyncSession's does, so
    that no cancellation interrupts it."""

    async def __aexit__(self, type_: Any, value: Any, traceback: Any) -> None:
        if self.in_transaction():
            await super().__aexit__(type_, value, traceback)
        else:
            self.sync_session.close()


class ReadSession(QuickSession):
    """A session on an autocommit connection: one SELECT is one round trip, without BEGIN and COMMIT."""

    sync_session_class = ReadOnlySession

    def __init__(self, *arguments: Any, compiled: CompiledReads, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.compiled = compiled


@event.listens_for(ReadOnlySession, "before_flush")
def _refuse_flush(*_: Any) -> None:
    raise ReadOnlyViolation


@event.listens_for(ReadOnlySession, "do_orm_execute")
def _refuse_writes(state: ORMExecuteState) -> None:
    writes = state.is_insert or state.is_update or state.is_delete
    is_raw = isinstance(state.statement, TextClause)
    if writes or (is_raw and not str(state.statement).lstrip().lower().startswith("select")):
        raise ReadOnlyViolation


class TransactionAborted(Exception):
    """An error of PostgreSQL was caught in the block, which then went on: its COMMIT would be a ROLLBACK, silently.

    It is a programming error: let the error pass, or run what may fail in `session.begin_nested()`.
    """

    def __init__(self) -> None:
        super().__init__("A statement of this transaction failed, so nothing of it can be committed.")


def _refuse_aborted(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    if driver.info.transaction_status is TransactionStatus.INERROR:
        # SQLAlchemy takes a commit that raises for one that was sent: the pool would not roll back.
        connection.connection.rollback()
        raise TransactionAborted


def _discard_useless_connections(context: ExceptionContext) -> None:
    """Has the pool connect anew where an old connection stays wrong: to a server that is a replica by now, or with
    statements prepared before a migration changed what they return."""
    error = context.original_exception
    if isinstance(error, ReadOnlySqlTransaction) or "cached plan must not change" in str(error):
        context.is_disconnect = True


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
            # Each transaction may meet another server connection, which knows no statement prepared on the last one.
            "connect_args": {"prepare_threshold": None} if pooled else {},
        }
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
                event.listen(engine, "connect", _use_utc)
            event.listen(engine, "handle_error", _discard_useless_connections)
            if on_use is not None:
                event.listen(engine, "checkout", lambda *_: on_use(1))
                event.listen(engine, "checkin", lambda *_: on_use(-1))
        event.listen(self.engine.sync_engine, "commit", _refuse_aborted)
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
            await uninterrupted(_commit(session))

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


async def _commit(session: AsyncSession) -> None:
    lift_deadline()
    if session.new or session.dirty or session.deleted:
        await session.flush()
    await _run(session, _BEFORE)
    try:
        await session.commit()
    except DBAPIError as error:
        if error.connection_invalidated:  # the answer was lost: it may have committed
            await _run(session, _AFTER)
        raise
    await _run(session, _AFTER)


async def _run(session: AsyncSession, kind: str) -> None:
    for hook in session.info.get(kind, ()):
        await hook(session)


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
        event.listen(self.engine, "commit", _refuse_aborted)
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
        statement_timeout_seconds=settings.statement_timeout_seconds,
        pooled=pooled,
    )


def _use_utc(connection: Any, _: Any) -> None:
    """For PgBouncer, which keeps the time zone of each of its clients."""
    cursor = connection.cursor()
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.close()
    connection.commit()


async def driver_connection(session: AsyncSession) -> Any:
    """Return psycopg's own connection, in the session's transaction."""
    return (await (await session.connection()).get_raw_connection()).driver_connection


async def is_pooled(session: AsyncSession) -> bool:
    """Return whether a pooler stands between: the process that answers is not the one that the driver was told of."""
    answering = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    return bool((await driver_connection(session)).info.backend_pid != answering)
