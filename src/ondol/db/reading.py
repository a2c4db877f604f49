"""Read sessions: they refuse to write, and skip BEGIN and COMMIT."""

from typing import Any

from sqlalchemy import TextClause, event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session

from ondol.db.compiled import CompiledReads


class ReadOnlyViolation(Exception):
    """A write in a read session. This is a programming error: use a transaction."""

    def __init__(self) -> None:
        super().__init__("A read session cannot write: use in_transaction(…) or runtime.transaction() for this.")


class ReadOnlySession(Session):
    """A session that refuses flush, INSERT, UPDATE and DELETE: in autocommit each would be its own transaction."""


class QuickSession(AsyncSession):
    """A session that closes at once if it holds no connection. Otherwise it closes in a separate task, as AsyncSession
    does, so that no cancellation interrupts it."""

    async def __aexit__(self, type_: Any, value: Any, traceback: Any) -> None:
        if self.in_transaction():
            await super().__aexit__(type_, value, traceback)
        else:
            self.sync_session.close()


class ReadSession(QuickSession):
    """A session on an autocommit connection. A SELECT takes one round trip, without BEGIN and COMMIT."""

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


def refuse_read_only(session: AsyncSession) -> None:
    """Raise ReadOnlyViolation for a read session, because it never commits."""
    if isinstance(session, ReadSession):
        raise ReadOnlyViolation
