from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from ondol.db.session import SyncDatabase
from sqlalchemy import func, select, text

from app.models import Order, Product
from app.runtime import Runtime

NOWHERE = "01900000-0000-7000-8000-000000000001"


def lines(*wanted: tuple[dict[str, Any], int]) -> dict[str, Any]:
    return {"lines": [{"product_id": product["id"], "quantity": quantity} for product, quantity in wanted]}


def stock(client: TestClient, product: dict[str, Any]) -> int:
    return int(client.get(f"/api/v1/products/{product['id']}").json()["stock"])


def test_an_order_takes_prices_and_stock_from_the_database(
    client: TestClient, customer: Any, new_product: Callable[..., dict[str, Any]]
) -> None:
    first, second = new_product(name="의자", price="10.10", stock=5), new_product(price="0.05", stock=7)
    answer = client.post("/api/v1/orders", json=lines((first, 2), (second, 3)), headers=customer.headers)
    order = answer.json()
    assert answer.status_code == 201
    assert set(order) == {"id", "status", "total", "currency", "lines", "customer", "version", "created_at"}
    assert (order["status"], order["total"], order["currency"]) == ("placed", "20.35", "USD")
    assert order["customer"] == {"id": customer.id, "full_name": "김지우"}
    assert order["lines"][0] == {
        "product_id": first["id"],
        "quantity": 2,
        "unit_price": "10.10",
        "product": {"id": first["id"], "name": "의자"},
    }
    assert (stock(client, first), stock(client, second)) == (3, 4)
    assert client.get(f"/api/v1/orders/{order['id']}", headers=customer.headers).json() == order


def test_short_stock_names_the_products_and_orders_nothing(
    client: TestClient, customer: Any, new_product: Callable[..., dict[str, Any]], database: SyncDatabase
) -> None:
    plenty, short, none = new_product(stock=100), new_product(name="담요", stock=1), new_product(stock=0)
    answer = client.post("/api/v1/orders", json=lines((plenty, 1), (short, 2), (none, 1)), headers=customer.headers)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "out_of_stock")
    assert problem["products"][0] == {"product_id": short["id"], "name": "담요", "wanted": 2, "stock": 1}
    assert [product["product_id"] for product in problem["products"]] == [short["id"], none["id"]]
    assert stock(client, plenty) == 100
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 0


def test_what_cannot_be_ordered(client: TestClient, customer: Any, new_product: Callable[..., dict[str, Any]]) -> None:
    won, dollar = new_product(price="10000", currency="KRW"), new_product(currency="USD")
    post = lambda body: client.post("/api/v1/orders", json=body, headers=customer.headers)  # noqa: E731
    unknown = post(lines(({"id": NOWHERE}, 1)))
    assert (unknown.status_code, unknown.json()["product_ids"]) == (409, [NOWHERE])
    mixed = post(lines((won, 1), (dollar, 1)))
    assert (mixed.status_code, mixed.json()["currencies"]) == (409, ["KRW", "USD"])
    bodies: list[dict[str, Any]] = [{}, {"lines": []}, lines((won, 0)), lines((won, 1001)), lines((won, 1), (won, 1))]
    for body in bodies:
        assert post(body).status_code == 422, body
    priced = {"lines": [{"product_id": won["id"], "quantity": 1, "unit_price": "0.01"}]}
    assert post(priced).json()["errors"][0]["type"] == "extra_forbidden"


@pytest.mark.parametrize("size", [1, 30])
def test_an_order_is_read_in_at_most_three_statements(
    client: TestClient,
    customer: Any,
    database: SyncDatabase,
    statements: list[str],
    size: int,
) -> None:
    with database.transaction() as session:
        products = [Product(name=f"p{i}", price=1, currency="KRW", stock=9) for i in range(size)]
        session.add_all(products)
        session.flush()
        body = {"lines": [{"product_id": str(product.id), "quantity": 1} for product in products]}
    order = client.post("/api/v1/orders", json=body, headers=customer.headers).json()
    statements.clear()
    answer = client.get(f"/api/v1/orders/{order['id']}", headers=customer.headers)
    assert len(answer.json()["lines"]) == size
    assert 1 <= len(statements) <= 3
    statements.clear()
    client.get("/api/v1/orders", headers=customer.headers)
    assert len(statements) <= 3


def test_orders_are_their_owners_alone(
    client: TestClient, customer: Any, other: Any, admin: Any, new_product: Callable[..., dict[str, Any]]
) -> None:
    order = client.post("/api/v1/orders", json=lines((new_product(), 1)), headers=customer.headers).json()
    url = f"/api/v1/orders/{order['id']}"
    assert client.get(url).status_code == 401
    missing = client.get(f"/api/v1/orders/{NOWHERE}", headers=other.headers)
    for stranger in (other, admin):
        for answer in (
            client.get(url, headers=stranger.headers),
            client.post(f"{url}/cancel", headers=stranger.headers),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, missing.json()["code"])
        assert client.get("/api/v1/orders", headers=stranger.headers).json()["items"] == []


def test_own_orders_page_newest_first(
    client: TestClient, customer: Any, other: Any, new_product: Callable[..., dict[str, Any]]
) -> None:
    product = new_product(stock=100)
    ids = [
        client.post("/api/v1/orders", json=lines((product, 1)), headers=customer.headers).json()["id"] for _ in range(5)
    ]
    first = client.get("/api/v1/orders", params={"limit": 3}, headers=customer.headers).json()
    second = client.get(
        "/api/v1/orders", params={"limit": 3, "cursor": first["next_cursor"]}, headers=customer.headers
    ).json()
    assert [order["id"] for order in first["items"] + second["items"]] == ids[::-1]
    foreign = client.get("/api/v1/orders", params={"limit": 3, "cursor": first["next_cursor"]}, headers=other.headers)
    assert (foreign.status_code, foreign.json()["code"]) == (400, "invalid_cursor")


def test_cancelling_gives_the_stock_back_once(
    client: TestClient, customer: Any, new_product: Callable[..., dict[str, Any]]
) -> None:
    product = new_product(stock=5)
    order = client.post("/api/v1/orders", json=lines((product, 3)), headers=customer.headers).json()
    assert stock(client, product) == 2
    for _ in range(3):
        answer = client.post(f"/api/v1/orders/{order['id']}/cancel", headers=customer.headers)
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert stock(client, product) == 5
    cancelled = client.get("/api/v1/orders", params={"status": "cancelled"}, headers=customer.headers).json()
    assert [found["id"] for found in cancelled["items"]] == [order["id"]]
    assert client.get("/api/v1/orders", params={"status": "placed"}, headers=customer.headers).json()["items"] == []


def test_a_receipt_is_mailed_by_the_worker(
    client: TestClient,
    customer: Any,
    new_product: Callable[..., dict[str, Any]],
    run_jobs: Callable[[], None],
    runtime: Runtime,
) -> None:
    order = client.post(
        "/api/v1/orders", json=lines((new_product(name="이불", price="12.50"), 2)), headers=customer.headers
    ).json()
    assert runtime.mailer.mailbox.messages() == []
    run_jobs()
    [receipt] = runtime.mailer.mailbox.messages()
    assert (receipt["To"], receipt["Subject"]) == (customer.email, f"Your order {order['id']}")
    assert "2 x 이불  12.50 USD" in receipt.get_content()
    page = client.get("/dev/mailbox")
    assert customer.email in page.text
    assert "이불" in page.text
    run_jobs()
    assert len(runtime.mailer.mailbox.messages()) == 1


def test_a_refused_order_leaves_no_job(
    client: TestClient, customer: Any, new_product: Callable[..., dict[str, Any]], database: SyncDatabase
) -> None:
    client.post("/api/v1/orders", json=lines((new_product(stock=0), 1)), headers=customer.headers)
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0


def test_carts_in_opposite_order_meet_no_deadlock(
    client: TestClient, customer: Any, new_product: Callable[..., dict[str, Any]]
) -> None:
    ids = [new_product(stock=1_000)["id"] for _ in "ab"]

    def order(number: int) -> int:
        lines = [{"product_id": product_id, "quantity": 1} for product_id in (ids if number % 2 else ids[::-1])]
        return client.post("/api/v1/orders", json={"lines": lines}, headers=customer.headers).status_code

    with ThreadPoolExecutor(20) as threads:
        statuses = list(threads.map(order, range(40)))
    assert Counter(statuses) == {201: 40}
    assert [client.get(f"/api/v1/products/{product_id}").json()["stock"] for product_id in ids] == [960, 960]


@pytest.mark.parametrize("size", [1, 30])
def test_an_order_is_placed_in_three_statements(
    client: TestClient, customer: Any, new_product: Callable[..., dict[str, Any]], statements: list[str], size: int
) -> None:
    body = {"lines": [{"product_id": new_product()["id"], "quantity": 1} for _ in range(size)]}
    client.get("/api/v1/users/me", headers=customer.headers)  # caches the login session
    statements.clear()
    assert client.post("/api/v1/orders", json=body, headers=customer.headers).status_code == 201
    own = [each for each in statements if "pg_notify" not in each]
    assert [each.split()[0] for each in own] == ["WITH", "WITH", "SELECT"]
    assert "procrastinate_defer_jobs" in own[-1]


def test_an_order_is_read_without_its_customers_password_hash(
    client: TestClient, customer: Any, new_product: Callable[..., dict[str, Any]], statements: list[str]
) -> None:
    body = {"lines": [{"product_id": new_product()["id"], "quantity": 1}]}
    order = client.post("/api/v1/orders", json=body, headers=customer.headers).json()
    statements.clear()
    for url in (f"/api/v1/orders/{order['id']}", "/api/v1/orders"):
        assert client.get(url, headers=customer.headers).status_code == 200
    assert len(statements) == 4
    assert not [each for each in statements if "hashed_password" in each or "email" in each]
