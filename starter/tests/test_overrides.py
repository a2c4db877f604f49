"""Replacing a dependency in a test: FastAPI's `dependency_overrides`, with the same call that made it."""

from uuid import UUID

from fastapi import FastAPI
from fastapi.testclient import TestClient
from ondol.auth.caller import Caller
from ondol.web.unit_of_work import read_only

from app.access import current_user
from app.schemas.orders import CustomerSummary, OrderRead, OrderStatus
from app.scopes import Scope
from app.services.orders import OrderNotFound, OrderService

ID, NOBODY = UUID(int=1), UUID(int=2)
ORDER = OrderRead(
    id=ID,
    status=OrderStatus.PLACED,
    total="7.00",
    currency="KRW",
    lines=[],
    customer=CustomerSummary(id=ID, full_name="김지우"),
    version=1,
    created_at="2026-01-01T00:00:00Z",
)


class OneOrder:
    """Replaces OrderService: it has one order and no database."""

    async def get(self, customer_id: UUID, order_id: UUID) -> OrderRead:
        if (customer_id, order_id) != (ID, ID):
            raise OrderNotFound
        return ORDER


def test_a_service_and_the_caller_are_replaced(app: FastAPI, client: TestClient, statements: list[str]) -> None:
    app.dependency_overrides[read_only(OrderService)] = OneOrder
    app.dependency_overrides[current_user] = lambda: Caller(ID, ID, frozenset({Scope.ORDERS_READ}))
    assert client.get(f"/api/v1/orders/{ID}").json() == ORDER.model_dump(mode="json")
    assert client.get(f"/api/v1/orders/{NOBODY}").json()["code"] == "order_not_found"
    assert statements == []
