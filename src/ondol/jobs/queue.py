"""Enqueue procrastinate's tasks on a session's own connection, so that job and data commit together.

Use a job for work after the commit, such as a mail. It runs at least once: again if its worker dies after the effect
but before recording it. Its changes in PostgreSQL must be idempotent, and outside systems may see it twice.

    from procrastinate import Blueprint
    from ondol.db.session import Database
    from ondol.jobs.queue import enqueue, retries
    @Blueprint().task(name="orders.send_receipt", retry=retries())
    async def send_receipt(*, order_id: int) -> None: ...
    database = Database(database_url)
    async with database.transaction() as session: await enqueue(session, send_receipt, order_id=7)
    await database.close()
"""

import inspect
from contextlib import nullcontext
from datetime import datetime
from typing import Any, ParamSpec

from procrastinate import RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import QUEUEING_LOCK_CONSTRAINT
from procrastinate.tasks import Task
from psycopg.errors import UniqueViolation
from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ondol.db.reading import refuse_read_only

P = ParamSpec("P")

# This calls procrastinate's SQL function: its Python API costs three times as much as a statement of the session.
_DEFER = text("""
    SELECT (procrastinate_defer_jobs_v1(ARRAY[ROW(
        :queue, :task, CAST(:priority AS integer), CAST(:lock AS text), CAST(:queueing_lock AS text),
        CAST(:arguments AS jsonb), CAST(:at AS timestamptz)
    )::procrastinate_job_to_defer_v1]))[1]
""")

AnyTask = Task[Any, Any, Any]
"""A task with any arguments, for lists of tasks."""


def retries(attempts: int = 13) -> RetryStrategy | bool:
    """Return a strategy for `task(retry=…)`: up to `attempts` runs, with pauses of 2, 4, 8, … seconds.

    Thirteen cover two hours of a mail server's downtime.
    """
    if attempts < 1:
        raise ValueError("`attempts` must be at least 1.")
    # In procrastinate, max_attempts=0 means unlimited attempts.
    return RetryStrategy(max_attempts=attempts - 1, exponential_wait=2) if attempts > 1 else False


async def enqueue(session: AsyncSession, task: Task[Any, Any, P], /, *_: P.args, **arguments: P.kwargs) -> int:
    """Add a job to the session's transaction and return its number. If it rolls back, the job is not enqueued.

    Arguments are stored as JSON. Raises TypeError for arguments that the task does not accept.
    """
    return await defer(session, task, arguments)


async def enqueue_once(
    session: AsyncSession, key: str, task: Task[Any, Any, P], /, *_: P.args, **arguments: P.kwargs
) -> int:
    """Add a job. Raises procrastinate.exceptions.AlreadyEnqueued if a job with the same `key` is waiting.

    The transaction can continue in either case.
    """
    return await defer(session, task, arguments, queueing_lock=key)


async def defer(
    session: AsyncSession,
    task: AnyTask,
    arguments: dict[str, Any],
    *,
    at: datetime | None = None,
    queueing_lock: str | None = None,
) -> int:
    """Add a job with procrastinate's options. `at`: the earliest time to run it, aware."""
    refuse_read_only(session)
    if at is not None and at.tzinfo is None:
        raise ValueError("`at` must be an aware datetime: give it a time zone.")
    inspect.signature(task.func).bind(*(None,) * task.pass_context, **arguments)
    key = queueing_lock or task.queueing_lock
    # A refusal must not abort the transaction.
    async with session.begin_nested() if key else nullcontext():
        return await _insert(session, task, arguments, at, key)


async def _insert(
    session: AsyncSession, task: AnyTask, arguments: dict[str, Any], at: datetime | None, queueing_lock: str | None
) -> int:
    values = {
        "queue": task.queue,
        "task": task.name,
        "priority": task.priority,
        "lock": task.lock,
        "queueing_lock": queueing_lock,
        "arguments": to_json(arguments).decode(),
        "at": at,
    }
    try:
        number: int = (await session.execute(_DEFER, values)).scalar_one()
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation) and error.orig.diag.constraint_name == QUEUEING_LOCK_CONSTRAINT:
            raise AlreadyEnqueued(f"A job with the key {queueing_lock!r} is already waiting.") from error
        raise
    return number
