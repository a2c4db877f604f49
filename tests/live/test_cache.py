"""The cache across two processes, with Valkey up, killed and hung."""

import asyncio
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
import pytest
from app.models import Product

from ondol.testing.waiting import eventually

PAIRS = 1_000
RECOVERY_SECONDS = 2.0


def new_product(rig: Any, **fields: Any) -> str:
    with rig.database.transaction() as session:
        product = Product(name="n", price=1, currency="KRW", **fields)
        session.add(product)
    return f"/api/v1/products/{product.id}"


def reads(rig: Any, url: str) -> int:
    """Return how often the product was read from PostgreSQL, according to the server's statement log."""
    product_id = url.rpartition("/")[2]
    statements = rig.server_log.read_text(errors="replace").split("LOG:  ")
    return sum("FROM products" in statement and product_id in statement for statement in statements)


@pytest.mark.whole
def test_a_write_is_seen_by_its_worker_at_once_and_soon_by_the_other(rig: Any) -> None:
    """Products are cached in memory too, so the other worker may serve the old one until it is invalidated."""
    url, admin = new_product(rig, stock=0), rig.admin()
    with rig.client(0, headers=admin) as one, rig.client(1, headers=admin) as two:
        stale = []
        for number in range(1, PAIRS + 1):
            writer, reader = (one, two) if number % 2 else (two, one)
            assert writer.patch(url, json={"stock": number}).status_code == 200
            stale.append(next(n for n in range(1_000) if reader.get(url).json()["stock"] == number))
            assert writer.get(url).json()["stock"] == number
        # Counted in reads, not in seconds: a busy machine delays the notification and the reads alike.
        assert sum(reads > 2 for reads in stale) < PAIRS / 100


def test_what_is_not_in_memory_is_never_stale(rig: Any) -> None:
    product_id = new_product(rig, stock=10_000).rpartition("/")[2]
    order, admin = {"lines": [{"product_id": product_id, "quantity": 1}]}, rig.admin()
    with rig.client(0, headers=admin) as one, rig.client(1, headers=admin) as two:
        for number in range(1, PAIRS // 20):
            writer, reader = (one, two) if number % 2 else (two, one)
            assert writer.post("/api/v1/orders", json=order).status_code == 201
            [best] = reader.get("/api/v1/dashboard").json()["best_sellers"]
            assert best["sold"] == number


def test_hot_reads_come_from_the_cache(rig: Any) -> None:
    url = new_product(rig, stock=0)
    with rig.client(0) as one, rig.client(1) as two:
        one.get(url)
        before = reads(rig, url)
        assert before == 1
        for _ in range(50):
            assert one.get(url).status_code == two.get(url).status_code == 200
        assert reads(rig, url) == before


async def test_two_hundred_cold_reads_make_one_statement_a_worker(rig: Any) -> None:
    url = new_product(rig, stock=0)
    before = reads(rig, url)
    async with httpx2.AsyncClient(timeout=30, limits=httpx2.Limits(max_connections=None)) as client:
        answers = await asyncio.gather(*(client.get(f"{rig.bases[i % 2]}{url}") for i in range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert 1 <= reads(rig, url) - before <= 2


def is_well(worker: httpx2.Client) -> bool:
    return bool(worker.get("/health/ready").json()["status"] == "ok")


def works_without_valkey(rig: Any, break_it: Callable[[], None], mend_it: Callable[[], None]) -> None:
    """Assert that requests succeed with correct data, and that the cache recovers by itself."""
    url, admin, people = new_product(rig, stock=1), rig.admin(), rig.people(2)
    with rig.client(0, headers=admin) as one, rig.client(1, headers=admin) as two:
        for worker in (one, two):
            assert worker.get(url).json()["stock"] == 1
            assert worker.get("/health/ready").json()["status"] == "ok"
        break_it()
        try:
            for number in range(2, 22):
                assert one.patch(url, json={"stock": number}).status_code == 200
                eventually(lambda: two.get(url).json()["stock"] == number, 1.0)  # noqa: B023
                assert two.get("/api/v1/dashboard").status_code == 200
            started = time.monotonic()
            for _ in range(20):
                assert one.get(url).status_code == 200
            assert (time.monotonic() - started) / 20 < 0.1
            ready = one.get("/health/ready")
            assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
            # Revocation does not need Valkey either.
            assert two.get("/api/v1/users/me", headers=people[0]).status_code == 200
            assert one.post("/api/v1/auth/logout", headers=people[0]).status_code == 204
            eventually(lambda: two.get("/api/v1/users/me", headers=people[0]).status_code == 401, 1.0)
        finally:
            mend_it()
        for worker in (one, two):
            eventually(partial(is_well, worker), RECOVERY_SECONDS)
        # Entries that Valkey kept from before are not used.
        for worker in (one, two):
            assert worker.get(url).json()["stock"] == 21
        assert one.get("/api/v1/users/me", headers=people[0]).status_code == 401
        before = reads(rig, url)
        for worker in (one, two):
            for _ in range(10):
                assert worker.get(url).json()["stock"] == 21
        assert reads(rig, url) - before <= 1


def test_valkey_killed(rig: Any) -> None:
    def kill() -> None:
        rig.valkey.process.kill()
        rig.valkey.process.wait()

    works_without_valkey(rig, kill, rig.valkey.start)


def test_valkey_hung(rig: Any) -> None:
    works_without_valkey(
        rig,
        lambda: rig.valkey.process.send_signal(signal.SIGSTOP),
        lambda: rig.valkey.process.send_signal(signal.SIGCONT),
    )
