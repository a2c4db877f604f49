"""Web processes are killed before, during and after COMMIT; clients repeat each order until they get a response."""

import asyncio
from pathlib import Path

import httpx2
import psycopg
import pytest
from app.models import Product
from people import people
from production_rig import GUNICORN, Production
from steady_load import AUTH

pytestmark = pytest.mark.whole

CLIENTS, ORDERS, STOCK = 16, 25, 10_000
# Each process dies at its 30th COMMIT; gunicorn starts another.
DEATH = """

import itertools
import os
import random
import signal
import threading

from sqlalchemy import event
from sqlalchemy.orm import Session

commits = itertools.count(1)


@event.listens_for(Session, "{moment}_commit")
def die(session: Session) -> None:
    if next(commits) == 30:
        threading.Timer({seconds}, os.kill, (os.getpid(), signal.SIGKILL)).start()
        {wait}
"""
MOMENTS = {
    "before": DEATH.format(moment="before", seconds=0, wait="threading.Event().wait()"),
    "in": DEATH.format(moment="before", seconds="random.uniform(0, 0.002)", wait="pass"),
    "after": DEATH.format(moment="after", seconds=0, wait="threading.Event().wait()"),
}


async def order_until_answered(client: httpx2.AsyncClient, url: str, key: str, body: object) -> str:
    """Send an order until it succeeds, and return its id."""
    for _ in range(600):
        try:
            answer = await client.post(url, json=body, headers={"Idempotency-Key": key})
        except httpx2.HTTPError:
            await asyncio.sleep(0.1)
            continue
        if answer.status_code == 201:
            return str(answer.json()["id"])
        assert answer.status_code == 503 or answer.json()["code"] == "request_in_progress", answer.text
        await asyncio.sleep(0.1)
    raise AssertionError(f"No answer to {key}.")


@pytest.mark.parametrize("moment", MOMENTS)
async def test_one_order_for_each_key_whenever_a_process_dies(
    prod: Production, starter_copy: Path, moment: str
) -> None:
    database = prod.database
    with database.transaction() as session:
        product = Product(name="n", price=1, currency="KRW", stock=STOCK)
        session.add(product)
    callers = people(database, CLIENTS, auth=AUTH)
    database.close()
    body = {"lines": [{"product_id": str(product.id), "quantity": 1}]}
    rig = prod.with_lines(starter_copy, MOMENTS[moment])
    with rig.web(f"dying-{moment}", command=GUNICORN, WEB_CONCURRENCY="2") as web:

        async def orders_of(headers: dict[str, str]) -> list[str]:
            async with httpx2.AsyncClient(headers=headers, timeout=20) as client:
                url = f"{web.base}/api/v1/orders"
                return [await order_until_answered(client, url, f"key-{n}", body) for n in range(ORDERS)]

        answered = [order for orders in await asyncio.gather(*map(orders_of, callers)) for order in orders]
    deaths = prod.log(f"dying-{moment}").read_text().count("was sent SIGKILL")
    assert deaths >= 5
    assert len(set(answered)) == len(answered) == CLIENTS * ORDERS
    with psycopg.connect(prod.database_url) as connection:
        lines = connection.execute("SELECT order_id FROM order_lines WHERE product_id = %s", [product.id]).fetchall()
        assert sorted(str(order) for (order,) in lines) == sorted(answered)
        left = connection.execute("SELECT stock FROM products WHERE id = %s", [product.id]).fetchone()
        assert left == (STOCK - CLIENTS * ORDERS,)
