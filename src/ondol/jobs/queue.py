"""What a job is, and how it is enqueued: on the session's own connection, so job and data commit together.

    @job(attempts=5)
    async def send_receipt(ondol: Ondol, *, order_id: UUID) -> None: ...

    await enqueue(session, send_receipt, order_id=order.id)

A job may run more than once (its worker died after the effect, before it could say so): what it does in PostgreSQL
must be idempotent, and the outside world sees it at least once.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task
from pydantic_core import to_jsonable_python
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

DEFAULT_QUEUE = "default"


@dataclass(frozen=True)
class Job:
    """A function that runs later. Its first parameter is the runtime; the others are keyword-only and JSON-able."""

    name: str
    function: Callable[..., Awaitable[None]]
    queue: str = DEFAULT_QUEUE
    attempts: int = 5
    cron: str | None = None

    async def __call__(self, runtime: Any, **arguments: Any) -> None:
        """Runs it here and now."""
        await self.function(runtime, **arguments)


def job(
    *, name: str | None = None, queue: str = DEFAULT_QUEUE, attempts: int = 5, cron: str | None = None
) -> Callable[[Callable[..., Awaitable[None]]], Job]:
    """Declares a job.

    `attempts`: how often it is tried, with growing pauses, before it is left as failed. `cron`: a schedule in UTC,
    for a job that runs by itself. The name is what stands in the database: keep it when the function moves.
    """

    def declare(function: Callable[..., Awaitable[None]]) -> Job:
        return Job(name or f"{function.__module__}.{function.__name__}", function, queue, attempts, cron)

    return declare


async def enqueue(session: AsyncSession, job: Job, /, *, unique: str | None = None, **arguments: Any) -> int:
    """Adds the job to the session's transaction: rolled back, it never was. Returns its number.

    `unique`: at most one job with this key waits at a time; for another procrastinate.exceptions.AlreadyEnqueued is
    raised, and the transaction goes on. Raises TypeError for arguments the job's function does not take.
    """
    inspect.signature(job.function).bind(None, **arguments)
    if unique is None:
        return await _defer(session, job, None, arguments)
    async with session.begin_nested():
        return await _defer(session, job, unique, arguments)


async def _defer(session: AsyncSession, job: Job, unique: str | None, arguments: dict[str, Any]) -> int:
    raw = (await (await session.connection()).get_raw_connection()).driver_connection
    # A connector that is never opened: the connection of the session is used instead of its pool.
    deferrer = configure_task(
        name=job.name,
        job_manager=JobManager(PsycopgConnector()),
        queue=job.queue,
        queueing_lock=unique,
        connection=raw,
    )
    try:
        return await deferrer.defer_async(**to_jsonable_python(arguments))
    except ConnectorException as error:
        if isinstance(error.__cause__, psycopg.Error):
            # To whoever runs the transaction it is an error of the database like any other.
            raise DBAPIError("enqueue a job", None, error.__cause__, hide_parameters=True) from error
        raise
