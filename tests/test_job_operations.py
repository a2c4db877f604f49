"""Operation of jobs: unknown, failed and scheduled jobs, and a PostgreSQL that goes away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from app.jobs import JOBS
from procrastinate import App, Blueprint, JobContext, RetryStrategy
from pydantic import ValidationError

from ondol.cli.jobs import find, requeue, withdraw
from ondol.db.session import Database
from ondol.jobs.options import JobsSettings
from ondol.jobs.queue import enqueue, enqueue_once, retries
from ondol.jobs.unknown import GIVEN_UP_SECONDS
from ondol.jobs.worker import Worker
from ondol.settings import Settings

SEEN: list[Any] = []
jobs = Blueprint()


@jobs.task(name="operated.fails", retry=retries(1))
async def fails(number: int = 0) -> None:
    SEEN.append(number)
    if number:
        raise RuntimeError("no")


@jobs.task(name="operated.retried", retry=retries(2))
async def retried(number: int) -> None:
    if number:
        raise RuntimeError("no")


@jobs.task(name="operated.overtaken", retry=retries(2), pass_context=True)
async def overtaken(context: JobContext, /) -> None:
    SEEN.append(context.job.id)
    if len(SEEN) == 1:
        async with context.additional_context["runtime"].transaction() as session:
            await enqueue_once(session, "key", overtaken)
        raise RuntimeError("no")


@jobs.periodic(cron="30 3 * * *")
@jobs.task(name="operated.nightly")
async def nightly(timestamp: int) -> None: ...


@pytest.fixture(autouse=True)
def forget() -> None:
    SEEN.clear()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


def test_what_mails_outlasts_an_hour() -> None:
    mailing = [task for task in JOBS if "mail" in task.name or "receipt" in task.name]
    assert len(mailing) >= 4
    for task in mailing:
        assert isinstance(task.retry_strategy, RetryStrategy)
        assert task.retry_strategy.max_attempts is not None
        assert sum(2**attempt for attempt in range(1, task.retry_strategy.max_attempts + 1)) > 3_600


async def test_a_job_that_no_worker_knows_waits_for_a_day(database: Database, database_url: str) -> None:
    async with database.transaction() as session:
        await enqueue(session, fails)
    with psycopg.connect(database_url, autocommit=True) as connection:

        async def met(age_seconds: int) -> None:
            """Run a worker that does not have the task of the job."""
            age = timedelta(seconds=age_seconds)
            connection.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
            connection.execute("UPDATE procrastinate_events SET at = now() - %s WHERE type <> 'started'", [age])
            await Worker(None, [nightly], database_url).run(until_empty=True)

        # Due now, although it was enqueued long ago.
        connection.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
        connection.execute("UPDATE procrastinate_events SET at = now() - interval '3 days' WHERE type = 'deferred'")
        await Worker(None, [nightly], database_url).run(until_empty=True)
        assert connection.execute("SELECT status FROM procrastinate_jobs").fetchone() == ("todo",)
        for age, pause in ((0, 2), (100, 100), (50_000, 3_600)):
            await met(age)
            status, attempts, waits = connection.execute(
                "SELECT status, attempts, extract(epoch FROM scheduled_at - now())::float FROM procrastinate_jobs"
            ).fetchone() or ("gone", 0, 0)
            assert (status, attempts, pause - 2 < waits <= pause + 2) == ("todo", 0, True)
        await met(GIVEN_UP_SECONDS + 1)
        assert connection.execute("SELECT status FROM procrastinate_jobs").fetchone() == ("failed",)
    async with database.transaction() as session:
        await requeue(session)
    await Worker(None, [nightly], database_url).run(until_empty=True)  # its retry period begins again
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute("SELECT status FROM procrastinate_jobs").fetchone() == ("todo",)
        connection.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
    await Worker(None, [fails], database_url).run(until_empty=True)
    assert SEEN == [0]


async def test_an_operator_looks_tries_again_and_cancels(database: Database, database_url: str) -> None:
    async with database.transaction() as session:
        first, second = [await enqueue(session, fails, number=number) for number in (1, 2)]
        waiting = await enqueue_once(session, "key", fails)
        assert await withdraw(session, waiting) == [waiting]
    await Worker(None, [fails], database_url).run(until_empty=True)
    async with database.transaction() as session:
        failed = await find(session, "failed")
        assert [(job.id, job.attempts, job.arguments) for job in failed] == [
            (second, 1, {"number": 2}),
            (first, 1, {"number": 1}),
        ]
        assert await withdraw(session, waiting) == await withdraw(session, first) == []
        assert await requeue(session, 99_999_999) == []
        assert await requeue(session, waiting) == [waiting]
        assert await requeue(session, waiting) == []
        assert sorted(await requeue(session)) == [first, second]
        assert {(job.status, job.attempts) for job in await find(session)} == {("todo", 0)}
    SEEN.clear()
    await Worker(None, [fails], database_url).run(until_empty=True)
    assert sorted(SEEN) == [0, 1, 2]


async def test_schedules_are_written_in_the_time_zone(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    worker = Worker(None, [nightly], database_url, time_zone="Asia/Seoul")

    async def look(self: Any, app: App, *, wait: bool) -> None:
        [scheduled] = app.periodic_registry.periodic_tasks.values()
        midnight = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
        seen.append(scheduled.croniter.get_next(ret_type=float, start_time=midnight))

    monkeypatch.setattr(Worker, "_work", look)
    await worker.run(until_empty=True)
    assert datetime.fromtimestamp(seen[0], UTC) == datetime(2026, 3, 1, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Mars", "", "../etc/passwd", "Asia"])
def test_a_time_zone_that_is_none_is_refused(zone: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="must be a time zone"):
        Settings(time_zone=zone, project_folder=tmp_path)


def statuses(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT id, status FROM procrastinate_jobs ORDER BY id").fetchall()


@pytest.mark.parametrize("number", [0, 1], ids=["finished", "retried"])
async def test_an_outcome_that_postgresql_refuses_is_written_again(
    number: int, database: Database, database_url: str
) -> None:
    async with database.transaction() as session:
        job_id = await enqueue(session, retried, number=number)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("""
            CREATE SEQUENCE refused;  -- a rollback does not reset it
            CREATE FUNCTION refuse_twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF OLD.status = 'doing' AND nextval('refused') <= 2 THEN
                    RAISE EXCEPTION 'no' USING ERRCODE = 'disk_full';
                END IF;
                RETURN COALESCE(NEW, OLD);
            END $$;
            CREATE TRIGGER refuse BEFORE UPDATE OR DELETE ON procrastinate_jobs
                FOR EACH ROW EXECUTE FUNCTION refuse_twice();
        """)
        try:
            await Worker(None, [retried], database_url).run(until_empty=True)
            assert statuses(connection) == ([(job_id, "todo")] if number else [])
        finally:
            connection.execute("DROP FUNCTION refuse_twice CASCADE; DROP SEQUENCE refused")


async def test_a_retry_gives_way_to_a_job_that_waits_with_the_same_key(database: Database, database_url: str) -> None:
    """Only one may wait. The other would stay "doing", and a rescue of it would fail each time."""
    async with database.transaction() as session:
        first = await enqueue_once(session, "key", overtaken)
    await Worker(database, [overtaken], database_url, JobsSettings(concurrency=1)).run(until_empty=True)
    with psycopg.connect(database_url) as connection:
        assert statuses(connection) == [(first, "failed")]
    assert len(SEEN) == 2


@pytest.mark.whole
async def test_the_worker_goes_on_when_its_connections_are_cut(database: Database, database_url: str) -> None:
    """As in a fast restart of PostgreSQL."""
    url = f"{database_url}?application_name=cut"
    working = asyncio.create_task(Worker(None, [fails], url).run())
    for number in range(3):
        async with database.transaction() as session:
            await enqueue(session, fails)
        async with asyncio.timeout(20):
            while len(SEEN) <= number:
                await asyncio.sleep(0.05)
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut'")
        await asyncio.sleep(0.2)
        assert not working.done()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
