"""The runtime opens and closes in order, on real servers."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import text

from ondol.db.session import Database
from ondol.runtime import Runtime
from ondol.settings import Settings
from ondol.startup import StartFailed


def settings_for(database_url: str, redis_url: str, folder: Path) -> Settings:
    return Settings(environment="test", database_url=database_url, redis_url=redis_url, project_folder=folder)


@pytest.fixture
def limited_url(database_url: str) -> Iterator[str]:
    """Yield the URL of a role with one connection: enough for the pool, but not for the listener."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE limited LOGIN PASSWORD 'limited' CONNECTION LIMIT 1")
        yield database_url.replace("//", "//limited:limited@", 1).replace(
            database_url.partition("//")[2].partition("@")[0] + "@", ""
        )
        connection.execute("DROP ROLE limited")


async def test_everything_opens_and_closes(database_url: str, redis_url: str, tmp_path: Path) -> None:
    before = open_connections(database_url, "ondol")
    runtime = Runtime(settings_for(database_url, redis_url, tmp_path))
    for _ in range(2):  # a second lifespan of the same object, as with a test client
        await runtime.open()
        await runtime.database.ping()
        assert await runtime.cache.is_up()
        await runtime.close()
    assert open_connections(database_url, "ondol") == before


async def test_a_database_that_is_not_there_is_named(redis_url: str, tmp_path: Path) -> None:
    runtime = Runtime(settings_for("postgresql://nobody@127.0.0.1:1/x", redis_url, tmp_path))
    with pytest.raises(StartFailed, match="check DATABASE_URL"):
        await runtime.open()
    await runtime.close()


async def test_a_step_that_fails_closes_what_was_opened(limited_url: str, redis_url: str, tmp_path: Path) -> None:
    settings = settings_for(limited_url, redis_url, tmp_path).model_copy(
        update={"database_direct_url": SecretStr("postgresql://nobody@127.0.0.1:1/x")}
    )
    runtime = Runtime(settings)
    with pytest.raises(StartFailed, match="LISTEN on PostgreSQL failed"):
        await runtime.open()
    # The pool's connection is closed, so the role's only connection is free.
    with psycopg.connect(limited_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    await runtime.close()


async def test_valkey_may_be_missing_at_the_start(database_url: str, tmp_path: Path) -> None:
    runtime = Runtime(settings_for(database_url, "redis://127.0.0.1:1/0", tmp_path))
    await runtime.open()
    assert not await runtime.cache.is_up()
    await runtime.database.ping()
    await runtime.close()


async def test_two_runtimes_live_in_one_process(database_url: str, redis_url: str, tmp_path: Path) -> None:
    one = Runtime(settings_for(database_url, redis_url, tmp_path))
    two = Runtime(settings_for(database_url, redis_url, tmp_path))
    await asyncio.gather(one.open(), two.open())
    assert one.database.engine is not two.database.engine
    await one.close()
    await two.database.ping()  # closing one does not close the other
    assert await two.cache.is_up()
    await two.close()


def open_connections(url: str, role: str) -> int:
    query = sql.SQL("SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND datname = current_database()")
    with psycopg.connect(url) as connection:
        row = connection.execute(query, [role]).fetchone()
    assert row is not None
    return int(row[0])


async def test_pool_urls_with_a_driver_or_without_mean_the_same(database_url: str) -> None:
    for url in (database_url, database_url.replace("postgresql", "postgres", 1)):
        database = Database(url)
        async with database.reading() as session:
            assert (await session.execute(text("SELECT 1"))).scalar_one() == 1
        await database.close()
