"""`ondol jobs`: list, retry and cancel jobs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ondol.cli.project_commands import AsJson, run, show

app = typer.Typer(no_args_is_help=True, help="The jobs of the project's queue.")

Status = Literal["todo", "doing", "failed", "cancelled", "aborted"]

_LIST = text("""
    SELECT id, task_name AS task, status::text, attempts, scheduled_at, args AS arguments,
        (SELECT max(at) FROM procrastinate_events WHERE job_id = job.id) AS changed_at
    FROM procrastinate_jobs AS job
    WHERE CAST(:status AS text) IS NULL OR status::text = :status
    ORDER BY id DESC LIMIT 100
""")
# With attempts from 0: else a job that has used them up would run once.
_RETRY = text("""
    WITH requeued AS (
    UPDATE procrastinate_jobs AS job SET status = 'todo', attempts = 0, scheduled_at = NULL, abort_requested = false
    WHERE (id = :id OR CAST(:id AS bigint) IS NULL AND status = 'failed')
    AND status IN ('failed', 'cancelled', 'aborted')
    AND NOT EXISTS (  -- of those with the same queueing lock one may wait
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
    """Return the newest hundred jobs."""
    return [JobRow.model_validate(row) for row in await session.execute(_LIST, {"status": status})]


async def requeue(session: AsyncSession, number: int | None = None) -> Sequence[int]:
    """Run a job again that failed or was cancelled, or with None all that failed. Return their numbers."""
    return (await session.scalars(_RETRY, {"id": number})).all()


async def withdraw(session: AsyncSession, number: int) -> Sequence[int]:
    """Cancel a job that waits. Return its number, if there was one."""
    return (await session.scalars(_CANCEL, {"id": number})).all()


@app.command("list", epilog="Example: ondol jobs list --status todo")
def list_(
    *,
    status: Annotated[Status | None, typer.Option("--status", help="Only those.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the newest hundred jobs. Those that succeeded are deleted."""
    show(run(lambda work: find(work.session, status)), list(JobRow.model_fields), as_json=as_json)


@app.command(epilog="Example: ondol jobs failed --json")
def failed(*, as_json: AsJson = False) -> None:
    """List jobs that failed in all their attempts. The log says why, in lines job_failed with the job's number."""
    list_(status="failed", as_json=as_json)


@app.command(epilog="Example: ondol jobs retry 17")
def retry(
    number: Annotated[int | None, typer.Argument(help="The job's number.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that failed.")] = False,
) -> None:
    """Run a job again that failed or was cancelled, with all its attempts."""
    if (number is None) is not everything:
        raise typer.BadParameter("Name one job, or --all.")
    _tell(run(lambda work: requeue(work.session, number)), "run again", number)


@app.command(epilog="Example: ondol jobs cancel 17")
def cancel(number: Annotated[int, typer.Argument(help="The job's number.")]) -> None:
    """Cancel a job that waits; `retry` brings it back."""
    _tell(run(lambda work: withdraw(work.session, number)), "are cancelled", number)


def _tell(done: Sequence[int], what: str, number: int | None) -> None:
    if number is not None and not done:
        typer.echo(f"Job {number} is not there, or its status does not allow this: see `ondol jobs list`.", err=True)
        raise typer.Exit(1)
    typer.echo(f"Jobs that {what}: {len(done)}.")
