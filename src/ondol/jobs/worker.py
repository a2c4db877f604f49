"""The worker that runs jobs: with retries, schedules, and the rescue of dead workers' jobs."""

import asyncio
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from croniter import croniter
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy, signals
from procrastinate.jobs import Job as StalledJob
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from procrastinate.middleware import AsyncCallNext
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from pydantic import ConfigDict, validate_call

from ondol.db.urls import libpq_url
from ondol.jobs.options import JobsSettings
from ondol.jobs.outcomes import Outcomes
from ondol.jobs.queue import AnyTask
from ondol.jobs.unknown import Tasks, UnknownTask
from ondol.observability.errors import ErrorHook

log = structlog.stdlib.get_logger("ondol.jobs")

RECONNECT_SECONDS = 1.0
_CALL = ConfigDict(arbitrary_types_allowed=True)


class Worker:
    """Run `tasks` from the queue at `database_url`. A task finds `runtime` in its context's `additional_context`.

    `time_zone`: that of the schedules (`cron=`). They run twice in the hour that is repeated when summer time ends.
    """

    def __init__(
        self,
        runtime: Any,
        tasks: Sequence[AnyTask],
        database_url: str,
        settings: JobsSettings | None = None,
        *,
        time_zone: str = "UTC",
        on_error: ErrorHook | None = None,
    ) -> None:
        self._on_error, self._zone = on_error, ZoneInfo(time_zone)
        self._settings = settings or JobsSettings()
        self._runtime = runtime
        self._url = libpq_url(database_url)
        self._tasks = tasks

    async def run(self, *, until_empty: bool = False) -> None:
        """Run jobs until cancelled or signalled (SIGTERM, SIGINT: running jobs finish); survive PostgreSQL's downtime.

        `until_empty`: return when no job is due, and leave signal handlers alone; for tests.
        """
        app = App(connector=PsycopgConnector())
        app.job_manager = Outcomes(app.connector)
        for task in self._tasks:
            _register(app, task, self._zone)
        app.tasks = Tasks(app)
        pool = AsyncConnectionPool(
            self._url,
            open=False,
            min_size=1,
            max_size=self._settings.concurrency + 3,
            reconnect_timeout=0.3,
            # Not in `kwargs`: procrastinate passes autocommit itself for its own LISTEN connection.
            configure=_autocommit,
            check=AsyncConnectionPool.check_connection,
        )
        async with pool, app.open_async(pool):
            rescue = asyncio.create_task(self._rescue_for_ever(app))
            try:
                if until_empty:
                    await self._work(app, wait=False)
                else:
                    await self._work_until_stopped(app)
            finally:
                rescue.cancel()
                await asyncio.gather(rescue, return_exceptions=True)

    async def _work_until_stopped(self, app: App) -> None:
        """Restart procrastinate's worker until a signal: it ends if its heartbeat or LISTEN loses the connection."""
        stopped = asyncio.Event()
        with signals.on_stop(stopped.set):
            while not stopped.is_set():
                working = asyncio.create_task(self._work(app, wait=True))
                stopping = asyncio.create_task(stopped.wait())
                try:
                    await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    stopping.cancel()
                    working.cancel()  # its jobs finish
                    [ended, _] = await asyncio.gather(working, stopping, return_exceptions=True)
                if isinstance(ended, Exception) or not stopped.is_set():
                    log.warning("worker_interrupted", error=repr(ended))
                    await asyncio.sleep(RECONNECT_SECONDS)

    async def _work(self, app: App, *, wait: bool) -> None:
        await app.run_worker_async(
            concurrency=self._settings.concurrency,
            wait=wait,
            install_signal_handlers=False,
            listen_notify=wait,
            update_heartbeat_interval=self._settings.heartbeat_seconds,
            stalled_worker_timeout=self._settings.stalled_after_seconds,
            fetch_job_polling_interval=RECONNECT_SECONDS,
            shutdown_graceful_timeout=self._settings.grace_seconds,
            # Delete successful jobs, or the table would grow without limit. Failed ones stay.
            delete_jobs="successful",
            additional_context={"runtime": self._runtime},
            worker_middleware=[self._log],
        )

    async def _log(self, call_next: AsyncCallNext, context: JobContext, _: object) -> Any:
        name, attempt = context.job.task_name, context.job.attempts + 1
        with structlog.contextvars.bound_contextvars(job=name, job_id=context.job.id):
            try:
                result = await call_next()
            except UnknownTask as error:
                log.warning("job_unknown", waits_since_seconds=round(error.age_seconds))
                raise
            except Exception as error:
                log.exception("job_failed", attempt=attempt)
                if self._on_error is not None:
                    self._on_error(error, {"job": name, "attempt": attempt})
                raise
            log.info("job_done", attempt=attempt)
        return result

    async def _rescue_for_ever(self, app: App) -> None:
        """Return the jobs of killed workers to the queue, where they would otherwise stay "doing" forever."""
        while True:
            await asyncio.sleep(self._settings.heartbeat_seconds / 2)
            try:
                manager = app.job_manager
                silence = self._settings.stalled_after_seconds
                for stalled in await manager.get_stalled_jobs(seconds_since_heartbeat=silence):
                    await self._rescue(manager, stalled)
            except Exception as error:  # the database may be down; the next round retries
                log.warning("rescue_failed", error=repr(error))

    async def _rescue(self, manager: JobManager, stalled: StalledJob) -> None:
        """Retry the job; mark it as failed if it has no attempts left, because it may be what kills the workers."""
        name = stalled.task_name
        task = next((task for task in self._tasks if name in (task.name, *task.aliases)), None)
        if task is not None and stalled.attempts + 1 >= _attempts(task):
            log.error("job_given_up", job_id=stalled.id, job=name)
            await manager.finish_job(stalled, status=Status.FAILED, delete_job=False)
        else:
            log.warning("job_rescued", job_id=stalled.id, job=name)
            await manager.retry_job(stalled)


def _register(app: App, task: AnyTask, zone: ZoneInfo) -> None:
    """Declare the task again on this worker's App: one task may serve several workers in a process.

    Its function then gets arguments of its annotated types: a UUID instead of the text in JSON.
    """
    registered = app.task(  # type: ignore[call-overload]  # its overloads want a literal `pass_context`
        name=task.name,
        aliases=task.aliases,
        queue=task.queue,
        priority=task.priority,
        lock=task.lock,
        queueing_lock=task.queueing_lock,
        retry=task.retry_strategy or False,
        pass_context=task.pass_context,
        task_middleware=task.task_middleware,
    )(validate_call(config=_CALL)(task.func))
    for periodic in task.blueprint.periodic_registry.periodic_tasks.values():
        if periodic.task is task:
            app.periodic(cron=periodic.cron, periodic_id=periodic.periodic_id, **periodic.configure_kwargs)(registered)
            scheduled = app.periodic_registry.periodic_tasks[task.name, periodic.periodic_id]
            # Replace a cached property, because procrastinate does not support time zones.
            vars(scheduled)["croniter"] = croniter(periodic.cron, datetime.now(zone))


def _attempts(task: AnyTask) -> float:
    """Return how often a task may run: once without a strategy, without limit if its strategy sets none."""
    strategy = task.retry_strategy
    if strategy is None:
        return 1
    most = strategy.max_attempts if isinstance(strategy, RetryStrategy) else None
    return math.inf if most is None else most + 1


async def _autocommit(connection: AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
