"""The cache on real Valkey, in one process. The live tests use two."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from redis.asyncio import Redis

from ondol.cache import Cache
from ondol.cache.notifications import bounded, payloads
from ondol.db.session import Database
from ondol.dev.ports import free_port
from ondol.dev.programs import server_user
from ondol.dev.servers import Attachment
from ondol.dev.valkey import ValkeyServer
from ondol.valkey.client import Valkey


class Value(BaseModel):
    number: int


class Source:
    """The data source behind a cache. It counts its reads."""

    def __init__(self) -> None:
        self.number, self.loads = 0, 0
        self.pause: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0)

    async def load(self) -> Value:
        self.loads += 1
        number = self.number
        await self.pause()
        return Value(number=number)


@pytest.fixture
async def cache(redis_url: str, database_url: str) -> AsyncIterator[Cache]:
    cache = Cache(redis_url, database_url)
    await cache.open()
    yield cache
    await cache.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def read(cache: Cache, source: Source, memory_seconds: float = 0) -> int:
    value = await cache.get("k", source.load, Value, seconds=60, tags=["t"], memory_seconds=memory_seconds)
    assert value is not None
    return value.number


async def test_a_value_is_loaded_once_and_dropped_by_a_commit(cache: Cache, database: Database) -> None:
    source = Source()
    assert [await read(cache, source) for _ in range(3)] == [0, 0, 0]
    assert source.loads == 1
    source.number = 1
    async with database.transaction() as session:
        cache.invalidate(session, "t", "other")
    assert [await read(cache, source) for _ in range(3)] == [1, 1, 1]
    assert source.loads == 2


async def test_a_rollback_drops_nothing(cache: Cache, database: Database) -> None:
    source = Source()
    await read(cache, source)
    with pytest.raises(RuntimeError, match="no"):
        async with database.transaction() as session:
            cache.invalidate(session, "t")
            raise RuntimeError("no")
    await read(cache, source)
    assert source.loads == 1


async def test_simultaneous_misses_load_once(cache: Cache) -> None:
    source = Source()
    source.pause = lambda: asyncio.sleep(0.1)
    assert await asyncio.gather(*(read(cache, source) for _ in range(100))) == [0] * 100
    assert source.loads == 1


async def test_a_value_loaded_before_a_commit_and_stored_after_it_is_never_read(
    cache: Cache, database: Database
) -> None:
    source, loading, go_on = Source(), asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        loading.set()
        await go_on.wait()

    source.pause = pause
    slow = asyncio.create_task(read(cache, source))
    await loading.wait()
    source.number, source.pause = 1, lambda: asyncio.sleep(0)
    async with database.transaction() as session:
        cache.invalidate(session, "t")
    # A read after the commit does not join a load that began before it.
    after = asyncio.create_task(read(cache, source))
    await asyncio.sleep(0.05)
    go_on.set()
    assert await slow == 0
    assert await after == 1
    assert await read(cache, source) == 1


async def test_the_death_of_the_one_who_loads_does_not_take_the_others_along(cache: Cache) -> None:
    source = Source()
    source.pause = lambda: asyncio.sleep(0.1)
    first = asyncio.create_task(read(cache, source))
    await asyncio.sleep(0.02)
    others = [asyncio.create_task(read(cache, source)) for _ in range(5)]
    await asyncio.sleep(0.02)
    first.cancel()
    assert await asyncio.gather(*others) == [0] * 5
    assert first.cancelled()


async def test_who_waits_and_is_cancelled_with_the_one_who_loads_ends(cache: Cache) -> None:
    source = Source()
    source.pause = lambda: asyncio.sleep(0.2)
    asking = [asyncio.create_task(read(cache, source)) for _ in range(2)]
    await asyncio.sleep(0.1)
    for task in asking:
        task.cancel()
    ended = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(each) for each in ended] == [asyncio.CancelledError] * 2
    assert source.loads == 1


async def test_an_error_while_loading_is_everybodys(cache: Cache) -> None:
    async def fail() -> Value:
        await asyncio.sleep(0.05)
        raise RuntimeError("the database is away")

    results = await asyncio.gather(*(cache.get("k", fail, Value, seconds=60) for _ in range(5)), return_exceptions=True)
    assert [str(result) for result in results] == ["the database is away"] * 5


async def test_memory_is_told_by_other_processes(
    redis_url: str, database_url: str, cache: Cache, database: Database
) -> None:
    """Two caches, as in two processes: an invalidation by one reaches the other's memory within milliseconds."""
    other = Cache(redis_url, database_url)
    await other.open()
    source = Source()
    for _ in range(20):
        assert await read(other, source, memory_seconds=60) == source.number
        source.number += 1
        async with database.transaction() as session:
            cache.invalidate(session, "t")
        async with asyncio.timeout(1):
            while await read(other, source, memory_seconds=60) != source.number:
                await asyncio.sleep(0.001)
    await other.close()


@pytest.mark.parametrize(
    "tags",
    [
        [f"product:{number:036}" for number in range(1_000)],
        [f"상품:{number}:{'가' * 150}" for number in range(100)],
        ["x" * 500, "가" * 400],
        [f"{number}" * 20_000 for number in range(3)],
        ["\ud800", "\x00", '"', "\\" * 400],
    ],
    ids=["many", "Hangul", "long", "giant", "odd"],
)
async def test_any_number_of_tags_of_any_length_are_told(
    redis_url: str, database_url: str, cache: Cache, database: Database, tags: list[str]
) -> None:
    """The payload of NOTIFY is limited to 7,999 bytes."""
    other, source = Cache(redis_url, database_url), Source()
    await other.open()

    async def read_other(tag: str) -> Value | None:
        return await other.get(f"k{tags.index(tag)}", source.load, Value, seconds=60, tags=[tag], memory_seconds=60)

    for tag in tags:
        await read_other(tag)
    source.number = 1
    async with database.transaction() as session:
        cache.invalidate(session, *tags)
    async with asyncio.timeout(2):
        while [value.number for tag in tags if (value := await read_other(tag))] != [1] * len(tags):
            await asyncio.sleep(0.001)
    sent = list(payloads("0" * 32, map(bounded, tags)))
    assert all(len(payload.encode()) <= 7_999 for payload in sent)
    assert sorted(tag for payload in sent for tag in payload.split("\n")[1:]) == sorted(map(bounded, tags))
    await other.close()


async def test_memory_is_not_trusted_while_nobody_listens(
    redis_url: str, database_url: str, cache: Cache, database: Database
) -> None:
    deaf = Cache(redis_url, database_url)  # not opened: it gets no invalidations
    source = Source()
    await read(deaf, source, memory_seconds=60)
    source.number = 1
    async with database.transaction() as session:
        cache.invalidate(session, "t")
    assert await read(deaf, source, memory_seconds=60) == 1
    await deaf.close()


async def test_opening_one_more_leaves_what_the_others_stored(
    redis_url: str, database_url: str, cache: Cache, database: Database
) -> None:
    """Like `ondol user disable` while many processes run."""
    source = Source()
    await read(cache, source)
    other = Cache(redis_url, database_url)
    await other.open()
    async with database.transaction() as session:
        other.invalidate(session, "another")
    await other.close()
    await read(cache, source)
    assert source.loads == 1


async def test_what_nobody_was_there_to_deliver_is_not_believed(redis_url: str, database_url: str) -> None:
    source = Source()
    for _ in range(2):
        cache = Cache(redis_url, database_url)
        await cache.open()
        assert await read(cache, source) == source.number
        await cache.close()
        source.number += 1  # by a writer that died before it could invalidate
    assert source.loads == 2


async def test_a_writers_own_memory_holds_nothing_from_before_its_write(
    cache: Cache, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read overtakes the invalidation on its way to Valkey."""
    source = Source()
    await read(cache, source)
    execute = Valkey.execute

    async def read_first(self: Valkey, fill: Callable[..., object]) -> list[Any]:
        monkeypatch.setattr(Valkey, "execute", execute)
        await read(cache, source, memory_seconds=60)
        return await execute(self, fill)

    async with database.transaction() as session:
        source.number = 1
        cache.invalidate(session, "t")
        await session.flush()
        monkeypatch.setattr(Valkey, "execute", read_first)
    assert await read(cache, source, memory_seconds=60) == 1


async def test_a_valkey_that_does_not_say_which_it_is_is_not_believed(
    cache: Cache, redis_url: str, database_url: str
) -> None:
    async with Redis.from_url(redis_url) as redis:
        await redis.execute_command("ACL", "SETUSER", "shy", "on", ">pw", "~*", "+@all", "-info")
    shy_url = f"redis://shy:pw@{redis_url.rpartition('@')[2]}"
    shy, source = Cache(shy_url, database_url), Source()
    await shy.open()
    assert [await read(shy, source) for _ in range(3)] == [0, 0, 0]
    assert source.loads == 3
    assert await shy.is_up()  # limits work
    await shy.close()


async def test_a_valkey_that_is_back_with_old_data_is_not_believed(
    servers: Attachment, database_url: str, database: Database, tmp_path: Path
) -> None:
    valkey = ValkeyServer(
        tmp_path / "valkey.log", servers.state.copies, user=server_user(), port=free_port(), password="v" * 24
    )
    valkey.start()
    try:
        cache, other, source = Cache(valkey.url(), database_url), Cache(valkey.url(), database_url), Source()
        await cache.open()
        await other.open()
        await read(cache, source)
        async with Redis.from_url(valkey.url()) as redis:
            snapshot = {key: await redis.dump(key) for key in await redis.keys()}
        assert any(b":value:k" in key for key in snapshot)
        source.number = 1
        async with database.transaction() as session:
            cache.invalidate(session, "t")
        assert [await read(each, source) for each in (cache, other)] == [1, 1]
        valkey.stop()
        valkey.start()
        async with Redis.from_url(valkey.url()) as redis:
            for key, content in snapshot.items():
                await redis.restore(key, 0, content or b"")
        for each in (cache, other):
            async with asyncio.timeout(5):
                while not await each.is_up():
                    assert await read(each, source) == 1
                    await asyncio.sleep(0.01)
            assert [await read(each, source) for _ in range(20)] == [1] * 20
        await cache.close()
        await other.close()
    finally:
        valkey.stop()


async def test_without_valkey_every_read_is_a_load(database_url: str) -> None:
    cache = Cache("redis://127.0.0.1:1/0", database_url)
    await cache.open()
    source = Source()
    assert [await read(cache, source) for _ in range(3)] == [0, 0, 0]
    assert source.loads == 3
    assert not await cache.is_up()
    await cache.close()


@pytest.mark.parametrize("turn_seconds", [0.101, 0.11, 0.15, 0.3])
async def test_a_busy_loop_does_not_make_valkey_look_down(redis_url: str, turn_seconds: float) -> None:
    """The event loop is blocked although the response has already arrived."""
    cache, source = Cache(redis_url), Source()
    for turns in range(6):
        asking = [asyncio.create_task(read(cache, source)) for _ in range(5)]
        for _ in range(turns):
            await asyncio.sleep(0)
        time.sleep(turn_seconds)  # noqa: ASYNC251  (that is the point)
        await asyncio.gather(*asking)
    assert source.loads == 1
    await cache.close()


async def test_a_silent_valkey_is_noticed(database_url: str) -> None:
    """The system accepts connections for a hung process, but nothing answers."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        cache = Cache(f"redis://127.0.0.1:{deaf.getsockname()[1]}/0", database_url)
        source, started = Source(), time.monotonic()
        assert [await read(cache, source) for _ in range(3)] == [0, 0, 0]
        assert time.monotonic() - started < 1.0
        assert not await cache.is_up()
        await cache.close()
