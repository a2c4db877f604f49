"""Jobs on the real queue: enqueued in a transaction, retried, rescued."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from procrastinate import Blueprint, JobContext
from procrastinate.exceptions import AlreadyEnqueued

from ondol.db.session import Database
from ondol.jobs.options import JobsSettings
from ondol.jobs.queue import AnyTask, enqueue, enqueue_once, retries
from ondol.jobs.worker import Worker
from ondol.runtime import Runtime
from ondol.settings import Settings
from ondol.testing.processes import running

SEEN: list[Any] = []


jobs = Blueprint()


@jobs.task(name="tests.note", pass_context=True, retry=retries(5))
async def note(context: JobContext, *, number: int, key: UUID) -> None:
    SEEN.append((context.additional_context["runtime"], number, key))


@jobs.task(name="tests.fragile", retry=retries(3))
async def fragile() -> None:
    SEEN.append("tried")
    raise RuntimeError("no")


KEY = UUID("01900000-0000-7000-8000-000000000001")


@pytest.fixture
async def runtime(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Runtime]:
    settings = Settings(environment="test", database_url=database_url, redis_url=redis_url, project_folder=tmp_path)
    async with Runtime(settings).opened() as runtime:
        yield runtime


@pytest.fixture(autouse=True)
def forget() -> None:
    SEEN.clear()


async def test_a_job_commits_with_its_data_or_not_at_all(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(RuntimeError, match="changed my mind"):
        async with database.transaction() as session:
            await enqueue(session, note, number=1, key=KEY)
            raise RuntimeError("changed my mind")
    async with database.transaction() as session:
        await enqueue(session, note, number=2, key=KEY)
    await Worker("the runtime", [note], database_url).run(until_empty=True)
    assert SEEN == [("the runtime", 2, KEY)]  # the UUID is restored
    await database.close()


async def test_wrong_arguments_are_refused_at_once(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(TypeError, match="missing a required argument"):
        async with database.transaction() as session:
            await enqueue(session, note, number=1)  # type: ignore[call-arg]
    await database.close()


async def test_a_job_that_fails_waits_longer_each_time_and_is_left_as_failed(database_url: str) -> None:
    database = Database(database_url)
    async with database.transaction() as session:
        await enqueue(session, fragile)
    await database.close()
    worker = Worker(None, [fragile], database_url)
    for attempt in (1, 2, 3):
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("UPDATE procrastinate_jobs SET scheduled_at = now() - interval '1 s'")
        await worker.run(until_empty=True)
        assert len(SEEN) == attempt
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT status, attempts FROM procrastinate_jobs").fetchall() == [("failed", 3)]


@Blueprint().task(name="tests.renamed", aliases=["tests.note"], pass_context=True, retry=retries(5))
async def renamed(context: JobContext, *, number: int, key: UUID) -> None:
    SEEN.append((context.additional_context["runtime"], number, key))


@pytest.mark.parametrize("task", [note, renamed], ids=["by its name", "by the name it had"])
async def test_a_job_left_behind_by_a_dead_worker_runs_again(database_url: str, task: AnyTask) -> None:
    database = Database(database_url)
    async with database.transaction() as session:
        await enqueue(session, note, number=7, key=KEY)
    await database.close()
    with psycopg.connect(database_url, autocommit=True) as connection:
        # A killed worker leaves its job in status "doing" and an old heartbeat.
        worker = connection.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 h') RETURNING id"
        ).fetchone()
        assert worker is not None
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", [worker[0]])
    settings = JobsSettings(heartbeat_seconds=0.1, stalled_after_seconds=0.5)
    running_worker = asyncio.create_task(Worker(None, [task], database_url, settings).run())
    async with asyncio.timeout(10):
        while not SEEN:
            await asyncio.sleep(0.05)
    running_worker.cancel()
    await asyncio.gather(running_worker, return_exceptions=True)
    assert SEEN == [(None, 7, KEY)]


@jobs.task(name="tests.plain", queue="mail", priority=3)
def plain(*, number: int = 1) -> None:
    SEEN.append(number)


@jobs.periodic(cron="* * * * * *")
@jobs.task(name="tests.every_second")
async def every_second(timestamp: int) -> None:
    SEEN.append(timestamp)


async def test_a_plain_function_runs_with_the_tasks_own_options(database_url: str) -> None:
    database = Database(database_url)
    async with database.transaction() as session:
        await enqueue(session, plain, number=2)
    await database.close()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT queue_name, priority FROM procrastinate_jobs").fetchone() == ("mail", 3)
    for _ in range(2):  # declared once, run by many workers
        await Worker(None, [plain], database_url).run(until_empty=True)
    assert SEEN == [2]


async def test_a_job_waits_for_its_time(runtime: Runtime, database_url: str) -> None:
    moment = datetime.now(UTC) + timedelta(days=2)
    async with runtime.transaction() as work:
        await work.enqueue(plain)
        await work.enqueue_at(moment, plain, number=2)
        await work.enqueue_in(timedelta(hours=1), plain, number=3)
    await Worker(None, [plain], database_url).run(until_empty=True)
    assert SEEN == [1]
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT (args->>'number')::int, scheduled_at, scheduled_at - now() FROM procrastinate_jobs ORDER BY 1"
        ).fetchall()
    assert rows[0][:2] == (2, moment)
    assert timedelta(minutes=59) < rows[1][2] <= timedelta(hours=1)


async def test_one_with_the_same_key_waits_once_and_the_transaction_goes_on(database_url: str) -> None:
    database = Database(database_url)
    async with database.transaction() as session:
        await enqueue_once(session, "key", plain)
        with pytest.raises(AlreadyEnqueued):
            await enqueue_once(session, "key", plain)
        await enqueue_once(session, "another", plain, number=2)
    await database.close()
    await Worker(None, [plain], database_url).run(until_empty=True)
    assert sorted(SEEN) == [1, 2]


@jobs.task(name="tests.single", queueing_lock="single")
async def single() -> None: ...


async def test_a_task_that_waits_once_loses_nothing_when_it_waits_already(database_url: str) -> None:
    database = Database(database_url)
    async with database.transaction() as session:
        await enqueue(session, plain, number=7)
        await enqueue(session, single)
        with pytest.raises(AlreadyEnqueued):
            await enqueue(session, single)
    await database.close()
    await Worker(None, [plain, single], database_url).run(until_empty=True)
    assert SEEN == [7]


@jobs.task(name="tests.once", retry=retries(1))
async def once() -> None:
    SEEN.append("tried")
    raise RuntimeError("no")


async def test_one_attempt_is_one(database_url: str) -> None:
    database = Database(database_url)
    async with database.transaction() as session:
        await enqueue(session, once)
    await database.close()
    for _ in range(2):
        await Worker(None, [once], database_url).run(until_empty=True)
    assert SEEN == ["tried"]
    with pytest.raises(ValueError, match="at least 1"):
        retries(0)


async def test_a_scheduled_job_runs_by_itself(database_url: str) -> None:
    worker = asyncio.create_task(Worker(None, [every_second], database_url).run())
    async with asyncio.timeout(15):
        while len(SEEN) < 2:
            await asyncio.sleep(0.1)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert SEEN[1] > SEEN[0] > time.time() - 20


def test_the_worker_command_runs_jobs_and_ends_at_sigterm(
    database_url: str, redis_url: str, project_folder: Path, tmp_path: Path
) -> None:
    environment = {"ENVIRONMENT": "test", "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    log = tmp_path / "log"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'accounts.delete_expired_sessions', 0, NULL, NULL,"
            " '{}', NULL)::procrastinate_job_to_defer_v1])"
        )
        with running(["-m", "ondol.cli", "worker"], folder=project_folder, environment=environment, log=log) as worker:
            for _ in range(200):
                # Finished jobs are deleted, so that the table does not grow without limit.
                if not connection.execute("SELECT 1 FROM procrastinate_jobs").fetchall():
                    break
                worker.poll()
                assert worker.returncode is None, log.read_text()
                time.sleep(0.1)
            worker.terminate()
            assert worker.wait(timeout=15) == 0, log.read_text()
        assert not connection.execute("SELECT 1 FROM procrastinate_jobs").fetchall()
    assert '"job_done"' in log.read_text()
