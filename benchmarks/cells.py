"""The requests to every contestant, and the data of the shop."""

import json
import os
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.models import User
from app.scopes import Role
from people import people
from production_rig import SECRET, Production
from sqlalchemy import select, text

from ondol.auth.options import AuthSettings
from ondol.testing.contract import FORM, PASSWORD

PRODUCTS, PAGE, DEPTH = 25_000, 20, 1_000
HOT, SOLD, BUYERS = 200, 2_000, 50
JSON = {"Content-Type": "application/json"}
MORE_PRODUCTS = text("""
    INSERT INTO products (id, name, description, price, currency, stock, version, created_at, updated_at)
    SELECT gen_random_uuid(), 'Notebook ' || number, 'Light, with a keyboard that one can hear.', 10 + number % 900,
           'USD', 1000000, 1, moment, moment
    FROM (SELECT number, now() - number * interval '1 second' AS moment
          FROM generate_series(CAST(:first AS int), :last) AS number)
""")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: str = ""


@dataclass(frozen=True)
class Shop:
    """The data. `products` are read repeatedly; each account has a login session."""

    products: list[str]
    manager: dict[str, str]
    customer: dict[str, str]
    addresses: list[str]


@dataclass(frozen=True)
class Cell:
    """A benchmark. `requests(shop, ask)`: the requests in order; `ask` reads the JSON of a path from the contestant."""

    name: str
    requests: Callable[[Shop, Callable[[str], Any]], Iterable[Request]]
    headers: Callable[[Shop], Mapping[str, str]] = lambda shop: {}
    status: int = 200
    keys: str = ""
    not_cached: bool = False
    """The starter with its cache for products turned off."""


def seed(prod: Production) -> Shop:
    auth = AuthSettings(secret_key=SECRET, access_token_seconds=7_200)  # a run takes longer than the default
    database = prod.database
    [manager] = people(database, 1, Role.ADMIN, auth=auth)
    [customer, *_] = people(database, BUYERS, auth=auth)
    grow(prod, 1)
    with database.transaction() as session:
        products = [str(each) for each in session.scalars(text(f"SELECT id FROM products ORDER BY id LIMIT {SOLD}"))]
        addresses = list(session.scalars(select(User.email).where(User.role == Role.CUSTOMER)))
    database.close()
    return Shop(products, manager, customer, addresses)


def grow(prod: Production, times: int) -> None:
    """Add products until there are `times` times PRODUCTS."""
    database = prod.database
    with database.transaction() as session:
        there = session.scalar(text("SELECT count(*) FROM products")) or 0
        session.execute(MORE_PRODUCTS, {"first": there + 1, "last": PRODUCTS * times})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    database.close()


def asks(base: str) -> Callable[[str], Any]:
    def ask(path: str) -> Any:
        with urllib.request.urlopen(base + path, timeout=10) as answer:
            return json.load(answer)

    return ask


def _live(shop: Shop, ask: Callable[[str], Any]) -> list[Request]:
    return [Request("GET", "/health/live")]


def _products(shop: Shop, ask: Callable[[str], Any]) -> list[Request]:
    return [Request("GET", f"/api/v1/products/{each}") for each in shop.products[:HOT]]


def _me(shop: Shop, ask: Callable[[str], Any]) -> list[Request]:
    return [Request("GET", "/api/v1/users/me")]


def _first_page(shop: Shop, ask: Callable[[str], Any]) -> list[Request]:
    return [Request("GET", f"/api/v1/products?limit={PAGE}")]


def _deep_page(shop: Shop, ask: Callable[[str], Any]) -> list[Request]:
    path, skipped = "/api/v1/products?limit=100", 0
    cursor = ask(path)["next_cursor"]
    while (skipped := skipped + 100) < PAGE * (DEPTH - 1) - 80:
        cursor = ask(f"{path}&cursor={urllib.parse.quote(cursor)}")["next_cursor"]
    return [Request("GET", f"/api/v1/products?limit={PAGE}&cursor={urllib.parse.quote(cursor)}")]


def _new_product(shop: Shop, ask: Callable[[str], Any]) -> list[Request]:
    product = {"name": "Notebook", "description": "Light.", "price": "12.50", "currency": "USD", "stock": 1}
    return [Request("POST", "/api/v1/products", json.dumps(product))]


def _new_order(shop: Shop, ask: Callable[[str], Any]) -> list[Request]:
    pairs = zip(shop.products[::2], shop.products[1::2], strict=True)  # orders do not wait for each other's locks
    orders = [{"lines": [{"product_id": each, "quantity": 1} for each in pair]} for pair in pairs]
    return [Request("POST", "/api/v1/orders", json.dumps(order)) for order in orders]


def _logins(shop: Shop, ask: Callable[[str], Any]) -> list[Request]:
    forms = [urllib.parse.urlencode({"username": each, "password": PASSWORD}) for each in shop.addresses]
    return [Request("POST", "/api/v1/auth/token", form) for form in forms]


PRODUCT = "created_at currency description id name price stock updated_at version"
CELLS = [
    Cell("live", _live, keys="status"),
    Cell("GET product, cached", _products, keys=PRODUCT),
    Cell("GET product, not cached", _products, keys=PRODUCT, not_cached=True),
    Cell("GET users/me", _me, lambda shop: shop.customer,
         keys="created_at email full_name id is_active last_seen_at role updated_at version"),
    Cell("list of 20, page 1", _first_page, keys="items next_cursor"),
    Cell(f"list of 20, page {DEPTH:,}", _deep_page, keys="items next_cursor"),
    Cell("POST product", _new_product, lambda shop: shop.manager | JSON, 201, PRODUCT),
    Cell("POST order, two lines", _new_order, lambda shop: shop.customer | JSON, 201,
         "created_at currency customer id lines status total version"),
    Cell("login", _logins, lambda shop: {"Content-Type": FORM},
         keys="access_token expires_in refresh_token token_type"),
]  # fmt: skip
QUICK = {"live", "GET product, cached", "GET product, not cached", "list of 20, page 1", "POST order, two lines"}
CONNECTIONS = int(os.environ.get("BENCHMARK_CONNECTIONS", "32"))
