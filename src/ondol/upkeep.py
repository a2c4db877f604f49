"""Delete what Ondol itself no longer needs, every night; a project lists the job in app/jobs.py."""

from procrastinate import Blueprint, JobContext
from sqlalchemy import text

from ondol.db.idempotency import delete_expired_keys
from ondol.jobs.queue import retries
from ondol.runtime import Runtime

jobs = Blueprint()

_DELETE_ENDED_JOBS = text("""
    DELETE FROM procrastinate_jobs AS job
    WHERE status IN ('failed', 'cancelled', 'aborted') AND NOT EXISTS (
        SELECT FROM procrastinate_events WHERE job_id = job.id AND at > now() - make_interval(days => :days)
    )
""")


@jobs.periodic(cron="47 3 * * *")
@jobs.task(name="ondol.delete_expired", pass_context=True, retry=retries())
async def delete_expired(context: JobContext, timestamp: int = 0) -> None:
    """Delete idempotency keys after HTTP__IDEMPOTENCY_HOURS, and failed jobs after JOBS__KEEP_FAILED_DAYS."""
    runtime = Runtime.of(context)
    async with runtime.transaction() as work:
        await delete_expired_keys(work.session, work.settings.http.idempotency_hours)
        await work.session.execute(_DELETE_ENDED_JOBS, {"days": work.settings.jobs.keep_failed_days})
