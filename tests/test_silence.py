"""A silent server, a locked row and a stalled transaction each end by a timeout."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg
import pytest
from silent_proxy import SilentProxy
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.pool import QueuePool

from ondol.db.commit import OutcomeUnknown, after_commit, allow_repeating, before_commit
from ondol.db.constraints import DatabaseUnavailable, problem_for
from ondol.db.options import DatabaseSettings
from ondol.db.session import Database
from ondol.db.shares import Shares
from ondol.errors import TimedOut

INSERT = text("INSERT INTO quiet VALUES ('x')")


async def insert(session: AsyncSession) -> None:
    await session.execute(INSERT)


@pytest.fixture(autouse=True)
def table(database_url: str) -> Iterator[None]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE quiet (text text)")
        yield
        connection.execute("DROP TABLE quiet")


def stored(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM quiet").fetchall()]


def checked_out(database: Database) -> int:
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


@pytest.fixture
def proxy(database_url: str) -> Iterator[SilentProxy]:
    with SilentProxy(make_url(database_url).port or 5432).running() as proxy:
        yield proxy


@asynccontextmanager
async def through(proxy: SilentProxy, database_url: str) -> AsyncIterator[Database]:
    url = make_url(database_url).set(port=proxy.port).render_as_string(hide_password=False)
    database = Database(url, DatabaseSettings(pool_size=1, commit_timeout_seconds=0.3, connect_timeout_seconds=1))
    yield database
    await database.close()


@pytest.mark.parametrize("arrives", [True, False], ids=["stored", "lost"])
async def test_a_commit_that_nobody_answers_ends_with_an_unknown_outcome(
    database_url: str, proxy: SilentProxy, arrives: bool
) -> None:
    ran: list[str] = []

    async def fall_silent(session: AsyncSession) -> None:
        proxy.is_silent, proxy.only_answers = True, arrives

    async def after(session: AsyncSession) -> None:
        ran.append("after")

    async def always(session: AsyncSession) -> None:
        ran.append("even if unknown")

    async with through(proxy, database_url) as silent:
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown) as refused:
            async with silent.transaction() as session:
                await session.execute(INSERT)
                before_commit(session, fall_silent)
                if arrives:
                    allow_repeating(session)
                after_commit(session, after)
                after_commit(session, always, even_if_unknown=True)
        assert time.monotonic() - started < 5  # 0.3 for the commit, 1 to cancel it
        assert ran == ["even if unknown"]
        assert refused.value.headers == ({"Retry-After": "1"} if arrives else {})
        assert checked_out(silent) == 0
        proxy.is_silent = False
        await silent.ping()
    assert stored(database_url) == (["x"] if arrives else [])


async def test_silence_before_the_commit_is_sent_stores_nothing(database_url: str, proxy: SilentProxy) -> None:
    async with through(proxy, database_url) as silent:
        with pytest.raises(TimedOut):
            async with silent.transaction() as session:
                await session.execute(INSERT)
                before_commit(session, insert)
                proxy.is_silent = True
        assert checked_out(silent) == 0
    assert stored(database_url) == []


@pytest.mark.parametrize("way", ["transaction", "reading"])
async def test_a_cancelled_statement_ends_soon_behind_a_silent_proxy(
    database_url: str, proxy: SilentProxy, way: str
) -> None:
    async with through(proxy, database_url) as silent:
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            async with getattr(silent, way)() as session:
                await session.execute(text("SELECT 1"))
                proxy.is_silent = True
                async with asyncio.timeout(0.1):
                    await session.execute(text("SELECT 1"))
        assert time.monotonic() - started < 5


async def test_a_lock_is_not_awaited_for_ever_and_a_stopped_transaction_holds_none(database_url: str) -> None:
    quick = Database(database_url, DatabaseSettings(lock_timeout_seconds=0.2, idle_in_transaction_timeout_seconds=0.5))
    async with quick.transaction() as session:
        await session.execute(INSERT)
    change = text("UPDATE quiet SET text = 'y'")
    with pytest.raises(DBAPIError) as ended:
        async with quick.transaction() as stopped:
            await stopped.execute(change)
            with pytest.raises(DBAPIError) as waited:
                async with quick.transaction() as session:
                    await session.execute(change)
            await asyncio.sleep(0.7)
            async with quick.transaction() as session:
                await session.execute(text("UPDATE quiet SET text = 'z'"))
    await quick.close()
    assert isinstance(problem_for(waited.value), DatabaseUnavailable)
    assert isinstance(problem_for(ended.value), DatabaseUnavailable)
    assert stored(database_url) == ["z"]


async def test_a_caller_holds_half_of_the_pool_at_most() -> None:
    shares, holding, most = Shares(4, 0.2), 0, 0

    one, two, three = (UUID(int=number) for number in range(3))

    async def hold(caller: UUID | None, seconds: float) -> None:
        nonlocal holding, most
        async with shares.of(caller):
            holding += 1
            most = max(most, holding)
            await asyncio.sleep(seconds)
            holding -= 1

    await asyncio.gather(*(hold(one, 0.01) for _ in range(6)))
    assert most == 2
    await asyncio.gather(*(hold(caller, 0.01) for caller in (one, two, three, None, None)))
    assert most == 5
    waited = await asyncio.gather(*(hold(one, 0.4) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in waited] == [type(None), type(None), DatabaseUnavailable]
    await hold(one, 0)
