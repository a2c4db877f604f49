"""A nightly job that deletes Ondol's own expired rows. A project lists it in app/jobs.py."""

from typing import Any, cast

from procrastinate import Blueprint, JobContext
from sqlalchemy import CursorResult, TextClause, text

from ondol.db.idempotency import EXPIRED
from ondol.jobs.queue import retries
from ondol.runtime import Runtime

jobs = Blueprint()

BATCH = 5_000
_ENDED_JOBS = text("""
    DELETE FROM procrastinate_jobs WHERE id IN (
        SELECT id FROM procrastinate_jobs AS job
        WHERE status IN ('failed', 'cancelled', 'aborted') AND NOT EXISTS (
            SELECT FROM procrastinate_events WHERE job_id = job.id AND at > now() - make_interval(days => :days)
        ) LIMIT :batch
    )
""")


async def delete_in_batches(runtime: Runtime[Any], statement: TextClause, **values: object) -> int:
    """Run a DELETE of at most `:batch` rows until nothing is left, each in its own transaction. Return the number.

    A single DELETE of very many rows would exceed DATABASE__STATEMENT_TIMEOUT_SECONDS.
    """
    total = 0
    while True:
        async with runtime.transaction() as work:
            result = await work.session.execute(statement, {**values, "batch": BATCH})
            deleted = cast("CursorResult[Any]", result).rowcount
        total += deleted
        if deleted < BATCH:
            return total


@jobs.periodic(cron="47 3 * * *")
@jobs.task(name="ondol.delete_expired", pass_context=True, retry=retries())
async def delete_expired(context: JobContext, timestamp: int = 0) -> None:
    """Delete idempotency keys after HTTP__IDEMPOTENCY_HOURS, and failed jobs after JOBS__KEEP_FAILED_DAYS."""
    runtime = Runtime.of(context)
    await delete_in_batches(runtime, EXPIRED, hours=runtime.settings.http.idempotency_hours)
    await delete_in_batches(runtime, _ENDED_JOBS, days=runtime.settings.jobs.keep_failed_days)
