"""PostgreSQL restarted, exhausted, slow, out of space."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

import httpx2
import psycopg
import pytest
from app.scopes import Role
from people import people
from production_rig import Production, Web
from steady_load import AUTH, Load, Outcome

from ondol.testing.waiting import eventually

pytestmark = pytest.mark.whole


def orders_in(prod: Production) -> set[str]:
    with psycopg.connect(prod.database_url) as connection:
        return {str(row[0]) for row in connection.execute("SELECT id FROM orders").fetchall()}


def first_success(base: str, path: str, headers: dict[str, str]) -> float:
    """Return the seconds until `path` answers 200."""
    return eventually(lambda: httpx2.get(f"{base}{path}", headers=headers).status_code == 200, 10)


def only_503(outcome: Outcome) -> None:
    """Assert that all responses are successes or 503s, with Retry-After unless a retry could run twice."""
    assert outcome.unexpected == []
    assert outcome.broken == {}
    assert set(outcome.answers) <= {200, 201, 503}
    assert set(outcome.refusals) <= {"database_unavailable", "outcome_unknown", "timed_out"}


def test_postgresql_restarted_under_load(prod: Production) -> None:
    with ExitStack() as stack:
        webs: Sequence[Web] = [stack.enter_context(prod.web(f"restart{number}")) for number in range(2)]
        database = prod.database
        stack.callback(database.close)
        [reader] = people(database, 1, auth=AUTH)
        with Load(prod, [web.base for web in webs], clients=20).running() as outcome:

            def more_than(orders: int) -> Callable[[], bool]:
                return lambda: len(outcome.acknowledged) > orders

            for restart in range(1, 6):
                eventually(more_than(10 * restart), 60)
                prod.postgres.stop()
                time.sleep(1)
                prod.postgres.start()
                for web in webs:
                    assert first_success(web.base, "/api/v1/orders", reader) < 1.0
            time.sleep(0.5)
    only_503(outcome)
    assert outcome.answers[503] > 0
    assert set(outcome.acknowledged) <= orders_in(prod)
    assert prod.logged("unhandled_error") == []


def test_a_worker_outlives_restarts_of_postgresql(prod: Production) -> None:
    def done(job: int) -> bool:
        return any(json.loads(line)["job_id"] == job for line in prod.logged('"job_done"'))

    with prod.worker("outlives") as worker:
        for _ in range(3):
            with psycopg.connect(prod.database_url, autocommit=True) as connection:
                [(job,)] = connection.execute(
                    "SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'accounts.delete_expired_tokens',"
                    " 0, NULL, NULL, '{}', NULL)::procrastinate_job_to_defer_v1]))"
                )
            eventually(partial(done, job), 60)
            prod.postgres.stop()
            time.sleep(1)
            prod.postgres.start()
            assert worker.poll() is None
        worker.terminate()
        assert worker.wait(30) == 0


async def test_an_exhausted_pool_is_a_503_in_time_and_other_routes_go_on(prod: Production) -> None:
    database = prod.database
    admin, other_admin = people(database, 2, Role.ADMIN, auth=AUTH)
    database.close()
    with prod.web(
        "exhausted",
        DATABASE__POOL_SIZE="2",
        DATABASE__READ_POOL_SIZE="2",
        DATABASE__POOL_TIMEOUT_SECONDS="0.8",
    ) as web:
        async with httpx2.AsyncClient(base_url=web.base, headers=admin, timeout=20) as client:
            made = (await client.post("/api/v1/products", json={"name": "n", "price": "1"})).json()
            url = f"/api/v1/products/{made['id']}"
            await client.get(url)  # fills the cache
            with psycopg.connect(prod.database_url) as other:
                other.execute("SELECT 1 FROM products WHERE id = %s FOR UPDATE", [made["id"]])
                stuck = [
                    asyncio.create_task(client.patch(url, json={"stock": 7}, headers=headers))
                    for headers in (admin, other_admin)
                ]
                await asyncio.sleep(0.3)
                started = time.monotonic()
                refused = await client.post("/api/v1/products", json={"name": "m", "price": "1"})
                assert time.monotonic() - started < 1.0
                assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
                assert refused.headers["Retry-After"] == "1"
                for path in (url, "/health/live", "/api/v1/orders"):  # reads have their own connections
                    started = time.monotonic()
                    assert (await client.get(path)).status_code == 200
                    assert time.monotonic() - started < 0.2
            statuses = sorted([(await answer).status_code for answer in stuck])
            assert statuses in ([200, 200], [200, 409])
            assert (await client.get("/api/v1/orders")).status_code == 200


async def test_a_slow_statement_is_cut(prod: Production) -> None:
    database = prod.database
    [admin] = people(database, 1, Role.ADMIN, auth=AUTH)
    database.close()
    with prod.web("slow", DATABASE__STATEMENT_TIMEOUT_SECONDS="0.5") as web:
        async with httpx2.AsyncClient(base_url=web.base, headers=admin, timeout=20) as client:
            made = (await client.post("/api/v1/products", json={"name": "n", "price": "1"})).json()
            url = f"/api/v1/products/{made['id']}"
            with psycopg.connect(prod.database_url) as other:
                other.execute("SELECT 1 FROM products WHERE id = %s FOR UPDATE", [made["id"]])
                started = time.monotonic()
                cut = await client.patch(url, json={"stock": 7})
                assert 0.4 < time.monotonic() - started < 1.0
            assert (cut.status_code, cut.json()["code"]) == (503, "database_unavailable")
            assert cut.headers["Retry-After"] == "1"
            # Its connection works again.
            assert (await client.patch(url, json={"stock": 7})).json()["stock"] == 7
