"""Runs jobs: retries with growing pauses, schedules, and rescues what a dead worker left behind."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.jobs import Job as StalledJob
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from pydantic import ConfigDict, validate_call

from ondol.db.urls import libpq_url
from ondol.jobs.queue import Job
from ondol.observability.errors import ErrorHook
from ondol.settings import JobsSettings

log = structlog.stdlib.get_logger("ondol.jobs")

RECONNECT_SECONDS = 1.0
_CALL = ConfigDict(arbitrary_types_allowed=True)


class Worker:
    """Runs `jobs` from the queue at `database_url`, giving each the `runtime` as its first argument."""

    def __init__(
        self,
        runtime: Any,
        jobs: Sequence[Job],
        database_url: str,
        settings: JobsSettings | None = None,
        *,
        on_error: ErrorHook | None = None,
    ) -> None:
        self._on_error = on_error
        self._settings = settings or JobsSettings()
        self._runtime = runtime
        self._url = libpq_url(database_url)
        self._jobs = jobs

    async def run(self, *, until_empty: bool = False) -> None:
        """Works until cancelled or signalled (SIGTERM, SIGINT: running jobs finish).

        `until_empty`: returns when nothing is left to do now, without touching signal handlers; for tests.
        """
        app = App(connector=PsycopgConnector())
        for job in self._jobs:
            self._register(app, job)
        pool = AsyncConnectionPool(
            self._url,
            open=False,
            min_size=1,
            max_size=self._settings.concurrency + 3,
            reconnect_timeout=0.3,
            # Not in `kwargs`: procrastinate passes autocommit itself where it opens its own connection to LISTEN.
            configure=_autocommit,
            check=AsyncConnectionPool.check_connection,
        )
        async with pool, app.open_async(pool):
            rescue = asyncio.create_task(self._rescue_for_ever(app))
            try:
                await app.run_worker_async(
                    concurrency=self._settings.concurrency,
                    wait=not until_empty,
                    install_signal_handlers=not until_empty,
                    listen_notify=not until_empty,
                    update_heartbeat_interval=self._settings.heartbeat_seconds,
                    stalled_worker_timeout=self._settings.stalled_after_seconds,
                    fetch_job_polling_interval=RECONNECT_SECONDS,
                    shutdown_graceful_timeout=self._settings.grace_seconds,
                    # What is done need not be kept: the table would grow for ever. What failed stays.
                    delete_jobs="successful",
                )
            finally:
                rescue.cancel()
                await asyncio.gather(rescue, return_exceptions=True)

    def _register(self, app: App, job: Job) -> None:
        call = validate_call(config=_CALL)(job.function)

        async def run(context: JobContext, /, **arguments: Any) -> None:
            arguments.pop("timestamp", None)  # procrastinate's, on scheduled jobs
            with structlog.contextvars.bound_contextvars(job=job.name, job_id=context.job.id):
                try:
                    await call(self._runtime, **arguments)
                except Exception as error:
                    log.exception("job_failed", attempt=context.job.attempts + 1)
                    if self._on_error is not None:
                        self._on_error(error, {"job": job.name, "attempt": context.job.attempts + 1})
                    raise
                log.info("job_done", attempt=context.job.attempts + 1)

        task = app.task(
            name=job.name,
            queue=job.queue,
            pass_context=True,
            retry=RetryStrategy(max_attempts=job.attempts - 1, exponential_wait=2) if job.attempts > 1 else False,
        )(run)
        if job.cron:
            app.periodic(cron=job.cron)(task)  # type: ignore[arg-type]  # it passes `timestamp` by name

    async def _rescue_for_ever(self, app: App) -> None:
        """A job whose worker was killed stays "doing" for ever, if nobody gives it back."""
        while True:
            await asyncio.sleep(self._settings.heartbeat_seconds / 2)
            try:
                manager = app.job_manager
                silence = self._settings.stalled_after_seconds
                for stalled in await manager.get_stalled_jobs(seconds_since_heartbeat=silence):
                    await self._rescue(manager, stalled)
            except Exception as error:  # the database may be away; the next round tries again
                log.warning("rescue_failed", error=repr(error))

    async def _rescue(self, manager: JobManager, stalled: StalledJob) -> None:
        """Gives it back; or leaves it as failed, when it has had its attempts: it may be what kills the workers."""
        attempts = next((job.attempts for job in self._jobs if job.name == stalled.task_name), 1)
        if stalled.attempts + 1 >= attempts:
            log.error("job_given_up", job_id=stalled.id, job=stalled.task_name)
            await manager.finish_job(stalled, status=Status.FAILED, delete_job=False)
        else:
            log.warning("job_rescued", job_id=stalled.id, job=stalled.task_name)
            await manager.retry_job(stalled)


async def _autocommit(connection: AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
