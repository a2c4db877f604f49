"""The commit of a unit of work: hooks, a timeout, and OutcomeUnknown.

Use a hook for an effect outside the database that may be lost if the process dies; otherwise use a job.

    from ondol.db.commit import after_commit
    from ondol.db.session import Database
    async def tell(session):
        print("committed")
    database = Database(database_url)
    async with database.transaction() as session:
        after_commit(session, tell)
    await database.close()
"""

import asyncio
from collections.abc import Awaitable, Callable

from psycopg.errors import IdleInTransactionSessionTimeout
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from ondol.db.deadline import lift_deadline
from ondol.db.reading import refuse_read_only
from ondol.errors import Problem, TimedOut

CommitHook = Callable[[AsyncSession], Awaitable[None]]

_BEFORE, _AFTER, _AFTER_UNKNOWN = "ondol.before_commit", "ondol.after_commit", "ondol.after_unknown_outcome"
_MAY_REPEAT = "ondol.may_repeat"


class OutcomeUnknown(Problem):
    """The connection broke, or timed out, between COMMIT and its response. Has Retry-After only if repeating the
    request has no second effect."""

    status = 503
    title = "Service Unavailable"
    code = "outcome_unknown"
    detail = "The database did not confirm the change: it may be stored or not. Check before you repeat it."


def before_commit(session: AsyncSession, hook: CommitHook) -> None:
    """Run `hook` in the transaction, right before it commits. A hook that is registered twice runs once."""
    _register(session, _BEFORE, hook)


def after_commit(session: AsyncSession, hook: CommitHook, *, even_if_unknown: bool = False) -> None:
    """Run `hook` between the commit and the response. It must not raise.

    `even_if_unknown`: also if the outcome of the commit is unknown (OutcomeUnknown).
    """
    _register(session, _AFTER, hook)
    if even_if_unknown:
        _register(session, _AFTER_UNKNOWN, hook)


def allow_repeating(session: AsyncSession) -> None:
    """Add Retry-After to OutcomeUnknown, because repeating the request has no second effect."""
    session.info[_MAY_REPEAT] = True


def _register(session: AsyncSession, kind: str, hook: CommitHook) -> None:
    refuse_read_only(session)
    hooks: list[CommitHook] = session.info.setdefault(kind, [])
    if hook not in hooks:
        hooks.append(hook)


async def commit(session: AsyncSession, seconds: float) -> None:
    """Commit within `seconds`, which replace the deadline of the request.

    Raises SQLAlchemy's errors, TimedOut if nothing was committed, and OutcomeUnknown.
    """
    lift_deadline()
    is_sent = False
    try:
        async with asyncio.timeout(seconds):
            if session.new or session.dirty or session.deleted:
                await session.flush()
            await _run(session, _BEFORE)
            is_sent = True
            await session.commit()
    except (DBAPIError, TimeoutError) as error:
        if is_sent and _is_lost(error):
            await _run(session, _AFTER_UNKNOWN)
            headers = {"Retry-After": "1"} if session.info.get(_MAY_REPEAT) else None
            raise OutcomeUnknown(headers=headers) from error
        if isinstance(error, TimeoutError):
            raise TimedOut from error
        raise
    await _run(session, _AFTER)


def _is_lost(error: DBAPIError | TimeoutError) -> bool:
    """Return whether the response to COMMIT was lost. A transaction that was idle for too long ended before it."""
    if isinstance(error, TimeoutError):
        return True
    return error.connection_invalidated and not isinstance(error.orig, IdleInTransactionSessionTimeout)


async def _run(session: AsyncSession, kind: str) -> None:
    for hook in session.info.get(kind, ()):
        await hook(session)
