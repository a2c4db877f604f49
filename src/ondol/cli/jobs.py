"""`ondol jobs`: list, retry and cancel jobs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ondol.cli.project_commands import AsJson, run, show

app = typer.Typer(no_args_is_help=True, help="List, retry and cancel jobs.")

Status = Literal["todo", "doing", "failed", "cancelled", "aborted"]

_LIST = text("""
    SELECT id, task_name AS task, status::text, attempts, scheduled_at, args AS arguments,
        (SELECT max(at) FROM procrastinate_events WHERE job_id = job.id) AS changed_at
    FROM procrastinate_jobs AS job
    WHERE CAST(:status AS text) IS NULL OR status::text = :status
    ORDER BY id DESC LIMIT 100
""")
# Attempts restart at 0; otherwise a job that has used them up would run only once.
_RETRY = text("""
    WITH requeued AS (
    UPDATE procrastinate_jobs AS job SET status = 'todo', attempts = 0, scheduled_at = NULL, abort_requested = false
    WHERE (id = :id OR CAST(:id AS bigint) IS NULL AND status = 'failed')
    AND status IN ('failed', 'cancelled', 'aborted')
    AND NOT EXISTS (  -- one job per queueing lock may wait
        SELECT FROM procrastinate_jobs AS other WHERE other.queueing_lock = job.queueing_lock
        AND (other.status = 'todo' OR other.status = 'failed' AND other.id > job.id)
    )
    RETURNING id
    )
    INSERT INTO procrastinate_events (job_id, type) SELECT id, 'retried' FROM requeued RETURNING job_id
""")
_CANCEL = text("UPDATE procrastinate_jobs SET status = 'cancelled' WHERE id = :id AND status = 'todo' RETURNING id")


class JobRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    task: str
    status: str
    attempts: int
    changed_at: datetime | None
    scheduled_at: datetime | None
    arguments: dict[str, Any]


async def find(session: AsyncSession, status: Status | None = None) -> list[JobRow]:
    """Return the newest 100 jobs."""
    return [JobRow.model_validate(row) for row in await session.execute(_LIST, {"status": status})]


async def requeue(session: AsyncSession, number: int | None = None) -> Sequence[int]:
    """Queue a failed, cancelled or aborted job again, or with None all failed ones. Return their numbers."""
    return (await session.scalars(_RETRY, {"id": number})).all()


async def withdraw(session: AsyncSession, number: int) -> Sequence[int]:
    """Cancel a waiting job. Return its number, or nothing if it does not wait."""
    return (await session.scalars(_CANCEL, {"id": number})).all()


@app.command("list", epilog="Example: ondol jobs list --status todo")
def list_(
    *,
    status: Annotated[Status | None, typer.Option("--status", help="Only jobs with this status.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the newest 100 jobs. Jobs that succeeded are deleted and not shown."""
    show(run(lambda work: find(work.session, status)), list(JobRow.model_fields), as_json=as_json)


@app.command(epilog="Example: ondol jobs failed --json")
def failed(*, as_json: AsJson = False) -> None:
    """List jobs that failed in all attempts. The reason is in the log: event `job_failed` with the job's number."""
    list_(status="failed", as_json=as_json)


@app.command(epilog="Example: ondol jobs retry 17")
def retry(
    number: Annotated[int | None, typer.Argument(help="The job's number.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Retry all failed jobs.")] = False,
) -> None:
    """Run a failed or cancelled job again, with its full number of attempts."""
    if (number is None) is not everything:
        raise typer.BadParameter("Give a job's number or --all.")
    _tell(run(lambda work: requeue(work.session, number)), "queued again", number)


@app.command(epilog="Example: ondol jobs cancel 17")
def cancel(number: Annotated[int, typer.Argument(help="The job's number.")]) -> None:
    """Cancel a waiting job. `ondol jobs retry` queues it again."""
    _tell(run(lambda work: withdraw(work.session, number)), "cancelled", number)


def _tell(done: Sequence[int], what: str, number: int | None) -> None:
    if number is not None and not done:
        typer.echo(f"Job {number} does not exist, or its status does not allow this. See `ondol jobs list`.", err=True)
        raise typer.Exit(1)
    typer.echo(f"Jobs {what}: {len(done)}.")
