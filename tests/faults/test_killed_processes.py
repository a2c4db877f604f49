"""Processes killed with -9 under load: acknowledged orders are stored, and no order is stored in part."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen

import psutil
import psycopg
import pytest
from production_rig import GUNICORN, Production
from steady_load import Load

from ondol.testing.processes import running
from ondol.testing.waiting import eventually

pytestmark = pytest.mark.whole

SUPPORT = Path(__file__).parents[1] / "support"
STOCK = 100_000
BATCH = 40  # times 50 kills: 2,000 jobs


def test_web_workers_killed_under_load(prod: Production) -> None:
    kills = 50
    chance = random.Random(7)
    with prod.web("victims", command=GUNICORN, WEB_CONCURRENCY="3") as web:
        load = Load(prod, [web.base], clients=20, stock=STOCK)
        with load.running() as outcome:

            def at_least(orders: int) -> Callable[[], bool]:
                return lambda: len(outcome.acknowledged) >= orders

            for kill in range(1, kills + 1):
                # Each kill interrupts work, even on a slow machine.
                eventually(at_least(5 * kill), 60)
                time.sleep(0.8)
                workers = psutil.Process(web.process.pid).children()
                while not workers:
                    time.sleep(0.05)
                    workers = psutil.Process(web.process.pid).children()
                chance.choice(workers).kill()
            time.sleep(3)
    assert outcome.unexpected == []
    assert set(outcome.answers) <= {200, 201, 503}
    with psycopg.connect(prod.database_url) as connection:
        orders = {str(row[0]) for row in connection.execute("SELECT id FROM orders").fetchall()}
        assert [order for order in outcome.acknowledged if order not in orders] == []
        halves = connection.execute(
            "SELECT o.id FROM orders o LEFT JOIN order_lines l ON l.order_id = o.id GROUP BY o.id "
            "HAVING COALESCE(sum(l.quantity * l.unit_price), -1) <> o.total"
        ).fetchall()
        assert halves == []
        # Each order has a receipt job, enqueued in its transaction.
        receipts = connection.execute(
            "SELECT count(DISTINCT args ->> 'order_id') FROM procrastinate_jobs WHERE task_name = 'orders.send_receipt'"
        ).fetchone()
        assert receipts == (len(orders),)
        wrong = connection.execute(
            "SELECT p.id FROM products p LEFT JOIN order_lines l ON l.product_id = p.id WHERE p.id = ANY(%s::uuid[]) "
            "GROUP BY p.id HAVING p.stock + COALESCE(sum(l.quantity), 0) <> %s",
            [load.product_ids, STOCK],
        ).fetchall()
        assert wrong == []


@contextmanager
def job_worker(prod: Production, name: str) -> Iterator["Popen[bytes]"]:
    arguments = [str(SUPPORT / "job_worker.py"), prod.database_url]
    with running(arguments, folder=prod.project, environment={}, log=prod.log(name)) as process:
        yield process


def test_job_workers_killed(prod: Production) -> None:
    kills = 50
    with psycopg.connect(prod.database_url, autocommit=True) as connection, ExitStack() as stack:
        connection.execute("DELETE FROM procrastinate_jobs")
        connection.execute("CREATE TABLE effects (number int PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())")
        connection.execute("CREATE TABLE total AS SELECT 0 AS times")
        stack.callback(connection.execute, "DROP TABLE effects, total")

        def one(query: str) -> int:
            row = connection.execute(query).fetchone()
            assert row
            return int(row[0] or 0)

        stack.enter_context(job_worker(prod, "steady-worker"))
        while not (newest := one(NEWEST_WORKER)):
            time.sleep(0.02)
        died: dict[int, datetime] = {}
        enqueued = 0
        for _ in range(kills):
            with job_worker(prod, "victim-worker") as victim:
                while one(NEWEST_WORKER) == newest:
                    assert victim.poll() is None, prod.log("victim-worker").read_text()[-2000:]
                    time.sleep(0.02)
                newest = one(NEWEST_WORKER)
                held: list[tuple[int]] = []
                # Repeat: until the new worker listens, the other one may take all jobs.
                while not held:
                    connection.execute(ENQUEUE, [enqueued, enqueued + BATCH - 1])
                    enqueued += BATCH
                    while not held and one(WAITING):
                        held = connection.execute(HELD_BY, [newest]).fetchall()
                victim.kill()
                victim.wait()
                # Another worker must finish the jobs that it holds now.
                held = connection.execute(HELD_BY, [newest]).fetchall()
                died |= {number: datetime.now(UTC) for (number,) in held}
        assert enqueued >= BATCH * kills
        eventually(lambda: one("SELECT count(*) FROM effects") == enqueued, 30)
        assert one("SELECT times FROM total") == enqueued
        effects: dict[int, datetime] = dict(connection.execute("SELECT number, at FROM effects").fetchall())
        assert max(effects[number] - at for number, at in died.items()) < timedelta(seconds=10)
        # Finished jobs are deleted; none is left.
        eventually(lambda: one(LEFT) == 0, 30)


WAITING = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'count' AND status = 'todo'"
LEFT = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'count'"
NEWEST_WORKER = "SELECT max(id) FROM procrastinate_workers"
HELD_BY = "SELECT (args ->> 'number')::int FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = %s"
ENQUEUE = """
    SELECT procrastinate_defer_jobs_v1(array_agg(ROW('default', 'count', 0, NULL, NULL,
        jsonb_build_object('number', number), NULL)::procrastinate_job_to_defer_v1))
    FROM generate_series(%s::int, %s::int) AS number
"""
