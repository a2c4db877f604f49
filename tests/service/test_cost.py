"""Countable costs of a request: SQL statements, Valkey commands, calls of Ondol functions, and garbage."""

import gc
import itertools
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from app.factory import create_app
from app.models import Product
from app.scopes import Role
from app.settings import AppSettings
from fastapi import FastAPI
from people import people
from redis.asyncio.client import Pipeline

from ondol.db.session import SyncDatabase

OURS = str(Path(__file__).parents[2] / "src" / "ondol")
PRODUCT = {"name": "온돌", "price": "12500"}


class Service:
    """Sends requests directly to the ASGI application, without the cost of a client."""

    def __init__(self, app: FastAPI, headers: dict[str, str], product_ids: list[str]) -> None:
        self.app, self.runtime = app, app.state.runtime
        self.headers, self.product_ids = headers, product_ids
        self.next_number = itertools.count(1).__next__

    async def ask(self, method: str, path: str, body: Any = None) -> int:
        content = json.dumps(body).encode() if body is not None else b""
        headers = {**self.headers, "Host": "testserver", "Content-Type": "application/json"}
        headers |= {"Content-Length": str(len(content))} if content else {}
        path, _, query = path.partition("?")
        scope = {
            **{"type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": path},
            **{"query_string": query.encode(), "root_path": "", "client": ("127.0.0.1", 1), "state": {}},
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        status = 0

        async def receive() -> Any:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)

        await self.app(scope, receive, send)
        return status


@pytest.fixture
async def service(settings: AppSettings, database: SyncDatabase) -> AsyncIterator[Service]:
    [headers] = people(database, 1, Role.ADMIN)
    with database.transaction() as session:
        products = [Product(name=f"{number}", price=1, currency="KRW", stock=10_000) for number in range(30)]
        session.add_all(products)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield Service(app, headers, [str(product.id) for product in products])


Request = tuple[str, str, Any]
REQUESTS: dict[str, Callable[[Service], Request]] = {
    "live": lambda service: ("GET", "/health/live", None),
    "product": lambda service: ("GET", f"/api/v1/products/{service.product_ids[0]}", None),
    "me": lambda service: ("GET", "/api/v1/users/me", None),
    "list": lambda service: ("GET", "/api/v1/products?limit=20&in_stock=true", None),
    "new product": lambda service: ("POST", "/api/v1/products", PRODUCT),
    "changed product": lambda service: (
        "PATCH",
        f"/api/v1/products/{service.product_ids[1]}",
        {"stock": service.next_number()},
    ),
    "order": lambda service: (
        "POST",
        "/api/v1/orders",
        {"lines": [{"product_id": each, "quantity": 1} for each in service.product_ids[:2]]},
    ),
    "orders": lambda service: ("GET", "/api/v1/orders", None),
}
# The statements, by first word, and the Valkey commands.
COSTS = {
    "live": ("", ""),
    "product": ("", ""),
    "me": ("SELECT", ""),
    "list": ("SELECT", ""),
    "new product": ("INSERT", ""),
    "changed product": ("SELECT UPDATE SELECT", "SET"),
    "order": ("WITH WITH SELECT SELECT", "SET SET SET"),
    "orders": ("SELECT", ""),
}


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of commands sent to Valkey from now on."""
    sent: list[str] = []
    execute = Pipeline.execute

    async def noting(self: Pipeline, *arguments: Any, **options: Any) -> Any:
        sent.extend(str(args[0]) for args, _ in self.command_stack)
        return await execute(self, *arguments, **options)

    monkeypatch.setattr(Pipeline, "execute", noting)
    return sent


@pytest.mark.parametrize("name", COSTS)
async def test_statements_and_commands(service: Service, commands: list[str], name: str) -> None:
    """Counts from the second request on: the first one fills the caches."""
    make = REQUESTS[name]
    assert await service.ask(*make(service)) in (200, 201)
    statements: list[str] = []
    commands.clear()
    with service.runtime.database.watched(statements.append):
        assert await service.ask(*make(service)) in (200, 201)
    assert (" ".join(each.split()[0] for each in statements), " ".join(commands)) == COSTS[name]


# Not for the list with relations: sqlakeyset parses its order each time with a recursive closure, a cycle.
@pytest.mark.parametrize("name", sorted(set(REQUESTS) - {"orders"}))
async def test_a_request_leaves_nothing_to_the_garbage_collector(service: Service, name: str) -> None:
    request = REQUESTS[name](service)
    for _ in range(5):
        await service.ask(*request)
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            assert await service.ask(*request) in (200, 201)
        assert gc.collect() == 0
    finally:
        gc.enable()


async def test_a_cached_get_runs_through_few_functions_of_ours(service: Service) -> None:
    """Was 64 calls at first. Each call costs a microsecond or more on every request."""
    request = REQUESTS["product"](service)
    for _ in range(2):
        await service.ask(*request)
    called: list[str] = []

    def note(frame: FrameType, what: str, _: Any) -> None:
        if what == "call" and frame.f_code.co_filename.startswith(OURS) and frame.f_lasti <= 0:
            called.append(frame.f_code.co_qualname)

    sys.setprofile(note)
    try:
        await service.ask(*request)
    finally:
        sys.setprofile(None)
    assert len(called) <= 32, called
