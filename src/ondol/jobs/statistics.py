"""Statistics of the job queue."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Successful jobs are deleted (see `Worker`), so this reads only waiting, running and failed ones. The oldest is the one
# with the lowest number: looking up when each of a million jobs became due would take too long.
_STATISTICS = text("""
    SELECT count(*) FILTER (WHERE status = 'todo') AS waiting,
           count(*) FILTER (WHERE status = 'doing') AS running,
           count(*) FILTER (WHERE status = 'failed') AS failed,
           COALESCE(EXTRACT(epoch FROM now() - (
               SELECT max(at) FROM procrastinate_events WHERE job_id = min(jobs.id) FILTER (WHERE status = 'todo')
           )), 0)::float AS oldest_seconds
    FROM procrastinate_jobs AS jobs
    WHERE status <> 'todo' OR scheduled_at IS NULL OR scheduled_at <= now()
""")


@dataclass(frozen=True)
class JobStatistics:
    """The numbers of jobs. `waiting` ones are due now; the oldest has waited `oldest_seconds`."""

    waiting: int
    running: int
    failed: int
    oldest_seconds: float


async def job_statistics(session: AsyncSession) -> JobStatistics:
    row = (await session.execute(_STATISTICS)).one()
    return JobStatistics(row.waiting, row.running, row.failed, row.oldest_seconds)
