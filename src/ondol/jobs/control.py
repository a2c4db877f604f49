"""List, retry and cancel jobs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ondol.errors import Conflict, NotFound

Status = Literal["todo", "doing", "succeeded", "failed", "cancelled", "aborting", "aborted"]

_LIST = text("""
    SELECT id, task_name AS task, status::text, attempts, scheduled_at, args AS arguments,
        (SELECT max(at) FROM procrastinate_events WHERE job_id = job.id) AS changed_at
    FROM procrastinate_jobs AS job
    WHERE CAST(:status AS text) IS NULL OR status::text = :status
    ORDER BY id DESC LIMIT :limit
""")
# With attempts from 0: else a job that has used them up would run once.
_RETRY = text("""
    UPDATE procrastinate_jobs AS job SET status = 'todo', attempts = 0, scheduled_at = NULL, abort_requested = false
    WHERE (id = :id OR CAST(:id AS bigint) IS NULL AND status = 'failed')
    AND status IN ('failed', 'cancelled', 'aborted')
    AND NOT EXISTS (  -- of those with the same queueing lock one may wait
        SELECT FROM procrastinate_jobs AS other WHERE other.queueing_lock = job.queueing_lock
        AND (other.status = 'todo' OR other.status = 'failed' AND other.id > job.id)
    )
    RETURNING id
""")
_CANCEL = text("UPDATE procrastinate_jobs SET status = 'cancelled' WHERE id = :id AND status = 'todo' RETURNING id")
_EXISTS = text("SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE id = :id)")


class JobNotFound(NotFound):
    code = "job_not_found"
    detail = "There is no such job; those that succeeded are deleted."


class JobElsewhere(Conflict):
    code = "job_elsewhere"
    detail = "The job's status does not allow this: look at it with `ondol jobs list`."


class JobRow(BaseModel):
    """A job as `ondol jobs list` shows it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    task: str
    status: str
    attempts: int
    changed_at: datetime | None
    scheduled_at: datetime | None
    arguments: dict[str, Any]


async def list_jobs(session: AsyncSession, status: Status | None = None, limit: int = 100) -> Sequence[JobRow]:
    """Return the newest jobs."""
    rows = await session.execute(_LIST, {"status": status, "limit": limit})
    return [JobRow.model_validate(row) for row in rows]


async def retry_jobs(session: AsyncSession, id_: int | None = None) -> Sequence[int]:
    """Requeue a job that failed or was cancelled, or with None all that failed. Return their numbers.

    Raises JobNotFound, JobElsewhere.
    """
    retried = (await session.scalars(_RETRY, {"id": id_})).all()
    if id_ is not None and not retried:
        raise await _why_not(session, id_)
    return retried


async def cancel_job(session: AsyncSession, id_: int) -> None:
    """Cancel a job that waits. Raises JobNotFound, JobElsewhere."""
    if (await session.scalars(_CANCEL, {"id": id_})).one_or_none() is None:
        raise await _why_not(session, id_)


async def _why_not(session: AsyncSession, id_: int) -> JobNotFound | JobElsewhere:
    return JobElsewhere() if await session.scalar(_EXISTS, {"id": id_}) else JobNotFound()
