"""Counting in windows, across processes and in one, on a real Valkey."""

import asyncio
import os
import sys
import time
from asyncio.subprocess import PIPE

import pytest

from ondol.rate_limits.limiter import RateLimiter
from ondol.rate_limits.rate import Rate, parse_rate
from ondol.rate_limits.standing import Limit
from ondol.rate_limits.windows import Windows
from ondol.valkey.options import ValkeySettings


@pytest.mark.parametrize(
    ("text", "rate"),
    [("10/15m", Rate(10, 900)), ("1/s", Rate(1, 1)), ("600/m", Rate(600, 60)), ("5/2d", Rate(5, 172_800))],
)
def test_a_rate_is_read(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "10", "0/m", "10/0m", "10/w", "-1/m", "10 per minute", "1e3/m"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a rate"):
        parse_rate(text)


async def allowed(limiters: list[RateLimiter], limit: Limit, number: int) -> int:
    """Return how many of `number` simultaneous requests, alternating between processes, are allowed."""
    answers = await asyncio.gather(*(limiters[i % len(limiters)].count(limit) for i in range(number)))
    return sum(not standing.is_exceeded for standing in answers)


@pytest.mark.parametrize(("limit", "number"), [(20, 50), (1_000, 1_500)])
async def test_processes_count_together(redis_url: str, limit: int, number: int) -> None:
    # On a busy machine so many requests in one event loop take longer than the timeout: Valkey would count as down.
    limiters = [RateLimiter(redis_url, ValkeySettings(timeout_seconds=10)) for _ in range(3)]
    assert await allowed(limiters, Limit("a", "k", Rate(limit, 60)), number) == limit
    for limiter in limiters:
        await limiter.close()


COUNTING = """
import asyncio, sys
from ondol.rate_limits.limiter import RateLimiter
from ondol.rate_limits.rate import Rate
from ondol.rate_limits.standing import Limit

async def count():
    limiter = RateLimiter(sys.argv[1])
    answers = await asyncio.gather(*(limiter.count(Limit("busy", "k", Rate(1_200, 600))) for _ in range(900)))
    await limiter.close()
    print(sum(not standing.is_exceeded for standing in answers))

asyncio.run(count())
"""


async def test_processes_count_exactly_while_the_cpu_is_busy(redis_url: str) -> None:
    spin = [sys.executable, "-c", "while True: pass"]
    busy = [await asyncio.create_subprocess_exec(*spin) for _ in range(os.cpu_count() or 1)]
    try:
        counting = [
            await asyncio.create_subprocess_exec(sys.executable, "-c", COUNTING, redis_url, stdout=PIPE)
            for _ in range(2)
        ]
        said = [(await process.communicate())[0] for process in counting]
    finally:
        for process in busy:
            process.kill()
            await process.wait()
    assert sum(map(int, said)) == 1_200


async def test_a_window_ends_and_what_is_given_back_can_be_used(redis_url: str) -> None:
    limiter, limit = RateLimiter(redis_url), Limit("a", "k", Rate(2, 1))
    assert await allowed([limiter], limit, 2) == 2
    await limiter.give_back(limit)
    assert await allowed([limiter], limit, 3) == 1
    await asyncio.sleep(1.1)
    standing = await limiter.count(limit)
    assert (standing.remaining, 0 < standing.reset_seconds <= 1) == (1, True)
    await asyncio.sleep(1.1)
    await limiter.give_back(limit)  # of a window that has ended
    assert await allowed([limiter], limit, 5) == 2
    await limiter.close()


async def test_without_valkey_a_process_counts_by_itself() -> None:
    limiter = RateLimiter("redis://127.0.0.1:1/0")
    for rate in (Rate(5, 60), Rate(500, 60)):
        assert await allowed([limiter], Limit("a", str(rate), rate), 600) == rate.count
    once = Limit("b", "k", Rate(1, 60))
    assert await allowed([limiter], once, 1) == 1
    await limiter.give_back(once)
    assert await allowed([limiter], once, 2) == 1
    await limiter.close()


def test_memory_is_bounded_and_the_oldest_go() -> None:
    windows = Windows(size=3)
    for key in "abcd":
        windows.count(key, Rate(1, 60))
    assert windows.count("d", Rate(1, 60))[0] == 2
    assert windows.count("a", Rate(1, 60))[0] == 1


def test_a_window_in_memory_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    windows, now = Windows(), time.monotonic()
    assert [windows.count("a", Rate(1, 60))[0] for _ in range(2)] == [1, 2]
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    assert windows.count("a", Rate(1, 60))[0] == 1
