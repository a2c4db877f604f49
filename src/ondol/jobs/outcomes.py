"""The outcome of a job, written even if PostgreSQL refuses it at first.

procrastinate writes it once. If that fails, the job stays "doing" for as long as its worker lives, and the jobs that
wait for its lock wait as long.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from psycopg.errors import RaiseException

log = structlog.stdlib.get_logger("ondol.jobs")

# In a longer downtime the worker itself starts again, and then rescues the job.
_PAUSES_SECONDS = (0.25, 0.5, 1, 2, 4)


class Outcomes(JobManager):
    async def finish_job_by_id_async(self, job_id: int, status: Status, delete_job: bool) -> None:
        finish = super().finish_job_by_id_async
        await _write(lambda: finish(job_id, status, delete_job))

    async def retry_job_by_id_async(self, job_id: int, *arguments: Any, **options: Any) -> None:
        retry = super().retry_job_by_id_async
        try:
            await _write(lambda: retry(job_id, *arguments, **options))
        except UniqueViolation:
            # A job with the same queueing lock waits, and only one may.
            log.warning("job_superseded", job_id=job_id)
            await self.finish_job_by_id_async(job_id, Status.FAILED, delete_job=False)


async def _write(statement: Callable[[], Awaitable[None]]) -> None:
    for attempt, pause in enumerate(_PAUSES_SECONDS):
        try:
            return await statement()
        except UniqueViolation:
            raise
        except ConnectorException as error:
            if attempt and isinstance(error.__cause__, RaiseException):
                return None  # An earlier attempt was committed, so the job is no longer "doing".
            log.warning("job_outcome_not_written", error=repr(error.__cause__), attempt=attempt + 1)
            await asyncio.sleep(pause)
    return await statement()
