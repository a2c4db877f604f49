"""How the job queue does."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Done jobs are deleted (see `Worker`), so this reads what waits, runs or failed. The first is told by its number: to
# look up when each of a million became due would take too long.
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
    """`waiting` are those that could run now; the oldest of them has waited `oldest_seconds`."""

    waiting: int
    running: int
    failed: int
    oldest_seconds: float


async def job_statistics(session: AsyncSession) -> JobStatistics:
    row = (await session.execute(_STATISTICS)).one()
    return JobStatistics(row.waiting, row.running, row.failed, row.oldest_seconds)
