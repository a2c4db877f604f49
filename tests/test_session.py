"""The unit of work on real PostgreSQL: commits, rollbacks, and their order."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from sqlalchemy import MetaData, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import QueuePool

from ondol.db.base import Base, HasId, HasVersion
from ondol.db.commit import after_commit, before_commit
from ondol.db.connection import TransactionAborted
from ondol.db.constraints import (
    ChangedMeanwhile,
    DatabaseUnavailable,
    problem_for,
    reason_of,
    violation_as,
)
from ondol.db.deadline import request_deadline
from ondol.db.options import DatabaseSettings
from ondol.db.reading import ReadOnlyViolation
from ondol.db.session import Database, SyncDatabase
from ondol.errors import Conflict


class Model(Base):
    __abstract__ = True
    metadata = MetaData(naming_convention=Base.metadata.naming_convention)


class Note(HasId, HasVersion, Model):
    __tablename__ = "notes_of_a_test"

    text: Mapped[str] = mapped_column(unique=True)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, DatabaseSettings(pool_size=2, read_pool_size=2, pool_timeout_seconds=0.3))
    async with database.engine.begin() as connection:
        await connection.run_sync(Model.metadata.create_all)
    yield database
    async with database.engine.begin() as connection:
        await connection.run_sync(Model.metadata.drop_all)
    await database.close()


def stored(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM notes_of_a_test ORDER BY text").fetchall()]


async def test_a_block_commits_whole_or_not_at_all(database: Database, database_url: str) -> None:
    async with database.transaction() as session:
        session.add(Note(text="kept"))
    with pytest.raises(RuntimeError, match="no"):
        async with database.transaction() as session:
            session.add(Note(text="lost"))
            await session.flush()
            raise RuntimeError("no")
    assert stored(database_url) == ["kept"]


async def test_a_caught_error_does_not_lose_the_rest_silently(database: Database, database_url: str) -> None:
    with pytest.raises(TransactionAborted):
        async with database.transaction() as session:
            await session.execute(insert(Note).values(text="lost"))
            with pytest.raises(DBAPIError):
                await (await session.connection()).execute(text("SELECT 1/0"))
    async with database.transaction() as session:
        await session.execute(insert(Note).values(text="kept"))
        with pytest.raises(DBAPIError):
            async with session.begin_nested():
                await session.execute(text("SELECT 1/0"))
    assert stored(database_url) == ["kept"]


async def test_nor_does_it_synchronously(database: Database, database_url: str) -> None:
    synchronous = SyncDatabase(database_url)
    with pytest.raises(TransactionAborted), synchronous.transaction() as session:
        session.execute(insert(Note).values(text="lost"))
        with pytest.raises(DBAPIError):
            session.connection().execute(text("SELECT 1/0"))
    with synchronous.transaction() as session:
        session.execute(insert(Note).values(text="kept"))
    synchronous.close()
    assert stored(database_url) == ["kept"]


async def test_hooks_run_around_the_commit(database: Database, database_url: str) -> None:
    seen: list[tuple[str, list[str]]] = []

    async def before(session: AsyncSession) -> None:
        seen.append(("before", stored(database_url)))

    async def after(session: AsyncSession) -> None:
        seen.append(("after", stored(database_url)))

    async with database.transaction() as session:
        session.add(Note(text="x"))
        for _ in range(2):
            before_commit(session, before)
            after_commit(session, after)
    assert seen == [("before", []), ("after", ["x"])]


async def test_a_commit_that_began_is_not_interrupted(database: Database, database_url: str) -> None:
    """If it is cancelled during the commit, the commit ends and its hooks run before the cancellation."""
    committing, finished = asyncio.Event(), asyncio.Event()

    async def before(session: AsyncSession) -> None:
        committing.set()
        await asyncio.sleep(0.2)

    async def after(session: AsyncSession) -> None:
        await asyncio.sleep(0.05)
        finished.set()

    async def work() -> None:
        async with database.transaction() as session:
            session.add(Note(text="x"))
            before_commit(session, before)
            after_commit(session, after)

    task = asyncio.create_task(work())
    await committing.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.01)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert finished.is_set()
    assert stored(database_url) == ["x"]
    assert checked_out(database) == 0


async def test_the_deadline_of_a_request_is_lifted_when_it_begins_to_commit(
    database: Database, database_url: str
) -> None:
    async def slow(session: AsyncSession) -> None:
        await asyncio.sleep(0.3)

    async with asyncio.timeout(0.1) as deadline:
        request_deadline.set(deadline)
        async with database.transaction() as session:
            session.add(Note(text="x"))
            before_commit(session, slow)
    assert stored(database_url) == ["x"]


def checked_out(database: Database) -> int:
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


async def test_cancelled_work_leaves_the_pool_clean(database: Database) -> None:
    async def work() -> None:
        async with database.transaction() as session:
            await session.execute(text("SELECT pg_sleep(30)"))

    for _ in range(5):
        task = asyncio.create_task(work())
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert checked_out(database) == 0
    await database.ping()


async def test_a_read_session_refuses_to_write(database: Database, database_url: str) -> None:
    async with database.reading() as session:
        for statement in (insert(Note).values(text="x"), update(Note).values(text="x"), text("DELETE FROM notes")):
            with pytest.raises(ReadOnlyViolation):
                await session.execute(statement)
        session.add(Note(text="x"))
        with pytest.raises(ReadOnlyViolation):
            await session.flush()
        session.expunge_all()
        assert (await session.scalars(select(Note))).all() == []
    assert stored(database_url) == []


async def test_a_read_makes_no_transaction(database: Database) -> None:
    async with database.reading() as session:
        await session.execute(text("SELECT 1"))
        connection = (await (await session.connection()).get_raw_connection()).driver_connection
        assert connection is not None
        assert connection.info.transaction_status.name == "IDLE"
    async with database.transaction() as session:  # the same connection, from the same pool
        await session.execute(text("SELECT 1"))
        connection = (await (await session.connection()).get_raw_connection()).driver_connection
        assert connection is not None
        assert connection.info.transaction_status.name == "INTRANS"


class Refused(Conflict):
    code = "refused"


KINDS = {
    "unique": "n int, CONSTRAINT named UNIQUE (n)",
    "exclusion": "n int, CONSTRAINT named EXCLUDE (n WITH =)",
    "check": "n int, CONSTRAINT named CHECK (n <> 1)",
    "foreign key": "n int, m int UNIQUE, CONSTRAINT named FOREIGN KEY (n) REFERENCES held (m)",
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_constraint_that_is_named_is_a_problem_and_others_are_defects(database: Database, kind: str) -> None:
    async def insert_twice(name: str) -> None:
        async with database.transaction() as session:
            await session.execute(text(f"CREATE TEMP TABLE held ({KINDS[kind]}) ON COMMIT DROP"))
            with violation_as(Refused, name):
                await session.execute(text("INSERT INTO held VALUES (1), (1)"))

    with pytest.raises(Refused) as refused:
        await insert_twice("named")
    assert (refused.value.members, "named" in str(refused.value)) == ({}, False)
    with pytest.raises(IntegrityError) as defect:
        await insert_twice("another")
    assert problem_for(defect.value) is None


async def test_a_lost_update_is_a_conflict(database: Database) -> None:
    async with database.transaction() as session:
        note = Note(text="x")
        session.add(note)
    with pytest.raises(StaleDataError) as refused:
        async with database.transaction() as one:
            mine = await one.get_one(Note, note.id)
            async with database.transaction() as two:
                (await two.get_one(Note, note.id)).text = "theirs"
            mine.text = "mine"
    assert isinstance(problem_for(refused.value), ChangedMeanwhile)


async def test_an_empty_pool_is_unavailable_soon_and_leaves_reads_alone(database: Database) -> None:
    async with database.transaction() as one, database.transaction() as two, database.transaction() as three:
        for session in (one, two):
            await session.execute(text("SELECT 1"))
        with pytest.raises(PoolTimeout) as refused:
            await three.execute(text("SELECT 1"))
        await database.ping()
    problem = problem_for(refused.value)
    assert isinstance(problem, DatabaseUnavailable)
    assert problem.headers == {"Retry-After": "1"}


def test_the_same_models_synchronously(database_url: str) -> None:
    database = SyncDatabase(database_url)
    Model.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(Note(text="from a notebook"))
    with database.transaction() as session:
        assert session.scalars(select(Note.text)).all() == ["from a notebook"]
    Model.metadata.drop_all(database.engine)
    database.close()


async def test_a_statement_that_a_migration_outdated_fails_once_at_most(database_url: str) -> None:
    """A "SELECT *" that was prepared before ALTER TABLE would fail on its connection permanently."""
    with psycopg.connect(database_url, autocommit=True) as migration:
        migration.execute("CREATE TABLE outdated (one int)")
        database = Database(database_url, DatabaseSettings(pool_size=1, read_pool_size=1))
        problems = []
        try:
            for turn in range(20):
                if turn == 10:
                    migration.execute("ALTER TABLE outdated ADD COLUMN two int")
                try:
                    async with database.reading() as session:
                        await session.execute(text("SELECT * FROM outdated"))
                except DBAPIError as error:
                    problems.append(problem_for(error))
        finally:
            await database.close()
            migration.execute("DROP TABLE outdated")
    assert len(problems) == 1
    assert isinstance(problems[0], DatabaseUnavailable)


async def test_what_postgresql_refuses_for_good_is_no_503(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(DBAPIError) as refused:
        async with database.transaction() as session:
            await session.execute(text("SELECT repeat('x', 1 << 30) || repeat('x', 1 << 30)"))
    assert problem_for(refused.value) is None
    assert reason_of(refused.value)["sqlstate"] == "54000"
    await database.close()
