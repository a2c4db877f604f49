import asyncio
from collections import Counter
from typing import Any

import httpx2
import pytest
from app.models import Order, OrderLine, Product
from sqlalchemy import func, select

BUYERS, UNITS, CONNECTIONS = 300, 50, 64


def order_of(rig: Any, stock: int) -> dict[str, Any]:
    """Return the body of an order of one unit of a new product."""
    with rig.database.transaction() as session:
        product = Product(name="한정판", price=1, currency="KRW", stock=stock)
        session.add(product)
    return {"lines": [{"product_id": str(product.id), "quantity": 1}]}


async def buy(client: httpx2.AsyncClient, base: str, headers: dict[str, str], order: dict[str, Any]) -> int:
    return (await client.post(f"{base}/api/v1/orders", json=order, headers=headers)).status_code


async def test_three_hundred_buyers_on_fifty_units(rig: Any) -> None:
    order = order_of(rig, UNITS)
    [product_id] = [line["product_id"] for line in order["lines"]]
    # The server may close an idle connection at any moment.
    limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=0)
    async with httpx2.AsyncClient(timeout=60, limits=limits) as client:
        statuses = await asyncio.gather(*(buy(client, rig.bases[0], headers, order) for headers in rig.people(BUYERS)))
    assert Counter(statuses) == {201: UNITS, 409: BUYERS - UNITS}
    with rig.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == UNITS
        assert session.scalar(select(func.sum(OrderLine.quantity))) == UNITS
        assert session.scalar(select(Product.stock).where(Product.id == product_id)) == 0
    with rig.client(1) as last:
        assert last.get(f"/api/v1/products/{product_id}").json()["stock"] == 0


@pytest.mark.whole
async def test_two_hundred_requests_of_one_customer_leave_the_others_served(rig: Any) -> None:
    order = order_of(rig, 1_000)
    greedy, *others = rig.people(21)
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx2.AsyncClient(timeout=60, limits=limits) as client:
        flood = [asyncio.create_task(buy(client, rig.bases[0], greedy, order)) for _ in range(200)]
        await asyncio.sleep(0.1)
        statuses = await asyncio.gather(*(buy(client, rig.bases[0], headers, order) for headers in others))
        taken = Counter(await asyncio.gather(*flood))
    assert Counter(statuses) == {201: len(others)}
    assert set(taken) <= {201, 503}  # some may time out on a busy machine
