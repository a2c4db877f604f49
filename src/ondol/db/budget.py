"""How many connections a service may open, and how many PostgreSQL lets it."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ondol.settings import Settings

# What a job worker has besides its jobs: procrastinate's fetching, heartbeat and LISTEN, and the rescue.
WORKER_EXTRA = 4
LISTEN = 1

_LIMIT = text("""
    SELECT LEAST(
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
            - COALESCE(current_setting('reserved_connections', true)::int, 0),
        (SELECT NULLIF(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
        (SELECT NULLIF(datconnlimit, -1) FROM pg_database WHERE datname = current_database())
    )
""")


@dataclass(frozen=True)
class ConnectionBudget:
    """Connections to PostgreSQL itself, at most. Behind a pooler only those count that go past it."""

    web_process: int
    web_processes: int
    job_worker: int
    job_workers: int

    @classmethod
    def of(cls, settings: Settings) -> "ConnectionBudget":
        pool = settings.database.pool_size + settings.database.max_overflow
        sessions = 0 if settings.database_direct_url else pool
        return cls(
            web_process=sessions + LISTEN,
            web_processes=settings.web_concurrency * settings.scale.web_replicas,
            job_worker=sessions + LISTEN + settings.jobs.concurrency + WORKER_EXTRA,
            job_workers=settings.scale.worker_replicas,
        )

    @property
    def total(self) -> int:
        return self.web_process * self.web_processes + self.job_worker * self.job_workers

    def __str__(self) -> str:
        return (
            f"{self.web_processes} web processes x {self.web_process} + {self.job_workers} job workers x "
            f"{self.job_worker} = {self.total} connections"
        )


async def connection_limit(session: AsyncSession) -> int:
    """What PostgreSQL gives this role in this database: `max_connections` less what is reserved, or a lower limit."""
    return int((await session.execute(_LIMIT)).scalar_one())


async def statement_timeout(session: AsyncSession) -> str:
    """As PostgreSQL shows it: "15s", or "0" for none."""
    return str((await session.execute(text("SELECT current_setting('statement_timeout')"))).scalar_one())
