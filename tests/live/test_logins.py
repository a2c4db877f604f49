"""The rate of simultaneous logins, and the latency of other requests meanwhile. Needs an idle machine."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from people import people

from ondol.db.session import SyncDatabase
from ondol.testing.contract import PASSWORD

LOGINS, LOGINS_PER_SECOND = 120, 30
QUEUED, READERS, AT_MOST = 100, 8, 4
COMMAND = ["-m", "ondol.run", "web"]
TOKEN, ME, LIVE = "/api/v1/auth/token", "/api/v1/users/me", "/health/live"


def addresses(base: str, database: SyncDatabase, number: int) -> list[str]:
    with httpx2.Client(base_url=base, timeout=30) as client:
        return [client.get(ME, headers=headers).json()["email"] for headers in people(database, number)]


def client_for(base: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=base, timeout=60, limits=httpx2.Limits(max_connections=None))


async def log_in(client: httpx2.AsyncClient, address: str) -> int:
    answer = await client.post(TOKEN, data={"username": address, "password": PASSWORD})
    return answer.status_code


@pytest.mark.whole
async def test_thirty_people_a_second_log_in(serve: Callable[..., Any], database: SyncDatabase) -> None:
    with serve(COMMAND, WEB_CONCURRENCY="2") as started:
        names = addresses(started.base, database, LOGINS)
        async with client_for(started.base) as client:
            await log_in(client, names[0])
            before = time.perf_counter()
            statuses = await asyncio.gather(*(log_in(client, name) for name in names))
            seconds = time.perf_counter() - before
    assert Counter(statuses) == {200: LOGINS}
    assert LOGINS / seconds >= LOGINS_PER_SECOND


async def p99(client: httpx2.AsyncClient, headers: dict[str, str], *, until: Callable[[int], bool]) -> float:
    """Return the p99 in seconds of GET users/me by READERS at once. `until` gets the number of requests."""
    taken: list[float] = []

    async def read() -> None:
        while not until(len(taken)):
            before = time.perf_counter()
            answer = await client.get(ME, headers=headers)
            taken.append(time.perf_counter() - before)
            assert answer.status_code == 200

    await asyncio.gather(*(read() for _ in range(READERS)))
    assert len(taken) > 100
    return sorted(taken)[int(len(taken) * 0.99)]


@pytest.mark.whole
async def test_a_hundred_logins_that_wait_hold_up_nobody_else(
    serve: Callable[..., Any], database: SyncDatabase
) -> None:
    [somebody] = people(database, 1)
    with serve(COMMAND, WEB_CONCURRENCY="2") as started:
        names = addresses(started.base, database, QUEUED)
        async with client_for(started.base) as client:
            without = await p99(client, somebody, until=lambda number: number >= 1_000)
            logins = asyncio.gather(*(log_in(client, name) for name in names))
            await asyncio.sleep(0.2)
            beside = await p99(client, somebody, until=lambda _: logins.done())
            assert Counter(await logins) == {200: QUEUED}
    assert beside <= AT_MOST * without


async def test_a_full_queue_says_so_at_once(serve: Callable[..., Any], database: SyncDatabase) -> None:
    queue = {"AUTH__HASHING_QUEUE": "5", "AUTH__HASHING_THREADS": "1"}
    with serve(COMMAND, WEB_CONCURRENCY="1", **queue) as started:
        [name] = addresses(started.base, database, 1)
        async with client_for(started.base) as client:
            posts = [client.post(TOKEN, data={"username": name, "password": PASSWORD}) for _ in range(40)]
            answers = await asyncio.gather(*posts)
    counted = Counter(answer.status_code for answer in answers)
    assert counted.keys() == {200, 503}
    assert counted[200] >= 6
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert (refused.json()["code"], refused.headers["Retry-After"]) == ("too_many_logins", "1")
