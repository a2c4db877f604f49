import asyncio
from collections import Counter
from typing import Any

import httpx2
import pytest
from app.models import Order, OrderLine, Product
from sqlalchemy import func, select

BUYERS, UNITS = 1_000, 100
PATIENCE = 100


async def buy(client: httpx2.AsyncClient, base: str, headers: dict[str, str], body: dict[str, Any]) -> int:
    """Orders one; does what a 503 asks for. Returns the final status."""
    for _ in range(PATIENCE):
        answer = await client.post(f"{base}/api/v1/orders", json=body, headers=headers)
        if answer.status_code != 503:
            return answer.status_code
        await asyncio.sleep(float(answer.headers["Retry-After"]))
    return 503


@pytest.mark.whole
async def test_a_thousand_buyers_on_a_hundred_units(rig: Any) -> None:
    with rig.database.transaction() as session:
        product = Product(name="한정판", price=1, currency="KRW", stock=UNITS)
        session.add(product)
    body = {"lines": [{"product_id": str(product.id), "quantity": 1}]}
    people = rig.people(BUYERS)
    # A thousand people have a thousand connections; one that was idle may be closed by the server at any moment.
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx2.AsyncClient(timeout=120, limits=limits) as client:
        statuses = await asyncio.gather(
            *(buy(client, rig.bases[i % 2], headers, body) for i, headers in enumerate(people))
        )
    assert Counter(statuses) == {201: UNITS, 409: BUYERS - UNITS}
    with rig.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == UNITS
        assert session.scalar(select(func.sum(OrderLine.quantity))) == UNITS
        assert session.scalar(select(Product.stock).where(Product.id == product.id)) == 0
    with rig.client(1) as last:
        assert last.get(f"/api/v1/products/{product.id}").json()["stock"] == 0
