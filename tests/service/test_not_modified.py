"""GET with If-None-Match: 304 without a body if the response has not changed."""

from typing import Any

import pytest
from app.models import Product
from app.scopes import Role
from fastapi.testclient import TestClient
from people import people
from sqlalchemy import text

from ondol.db.session import SyncDatabase


@pytest.fixture
def admin(client: TestClient, database: SyncDatabase) -> dict[str, str]:
    [admin] = people(database, 1, Role.ADMIN)
    return admin


@pytest.fixture
def product(database: SyncDatabase) -> str:
    with database.transaction() as session:
        product = Product(name="n", price=1, currency="KRW", stock=100)
        session.add(product)
    return str(product.id)


@pytest.fixture
def order(client: TestClient, admin: dict[str, str], product: str) -> Any:
    body = {"lines": [{"product_id": product, "quantity": 1}]}
    return client.post("/api/v1/orders", json=body, headers=admin)


def test_what_has_not_changed_is_not_sent_again(client: TestClient, admin: dict[str, str], order: Any) -> None:
    product = order.json()["lines"][0]["product_id"]
    for path in (f"products/{product}", "users/me", f"orders/{order.json()['id']}"):
        url = f"/api/v1/{path}"
        first = client.get(url, headers=admin)
        tag = first.headers["ETag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = client.get(url, headers={**admin, "If-None-Match": known, "Accept-Encoding": "gzip"})
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
            assert not {"content-length", "content-type", "content-encoding"} & set(again.headers)
            assert again.headers["Vary"] == "Accept-Encoding"
            assert client.head(url, headers={**admin, "If-None-Match": known}).status_code == 304
        for known in ('"other"', "no tag", ""):
            assert client.get(url, headers={**admin, "If-None-Match": known}).content == first.content


def test_what_changed_is_sent(
    client: TestClient, admin: dict[str, str], order: Any, product: str, database: SyncDatabase
) -> None:
    tag = client.get(f"/api/v1/products/{product}", headers=admin).headers["ETag"]
    changed = client.patch(f"/api/v1/products/{product}", json={"name": "m"}, headers=admin)
    answer = client.get(f"/api/v1/products/{product}", headers={**admin, "If-None-Match": tag})
    assert (answer.status_code, answer.json()["name"], answer.headers["ETag"]) == (200, "m", changed.headers["ETag"])
    # `last_seen_at` changes an account but not its version.
    tag = client.get("/api/v1/users/me", headers=admin).headers["ETag"]
    with database.transaction() as session:
        session.execute(text("UPDATE users SET last_seen_at = now() - interval '1 day'"))
    assert client.get("/api/v1/users/me", headers={**admin, "If-None-Match": tag}).status_code == 200
    # Another account has another ETag.
    [other] = people(database, 1)
    tag = client.get("/api/v1/users/me", headers=admin).headers["ETag"]
    assert client.get("/api/v1/users/me", headers={**other, "If-None-Match": tag}).status_code == 200
    # An order contains the product's name, which is in another row.
    tag = order.headers["ETag"]
    url = f"/api/v1/orders/{order.json()['id']}"
    answer = client.get(url, headers={**admin, "If-None-Match": tag})
    assert (answer.status_code, answer.json()["lines"][0]["product"]["name"]) == (200, "m")


def test_an_order_is_cancelled_as_it_was_read(client: TestClient, admin: dict[str, str], order: Any) -> None:
    url = f"/api/v1/orders/{order.json()['id']}/cancel"
    assert client.post(url, headers={**admin, "If-Match": '"v7"'}).status_code == 412
    cancelled = client.post(url, headers={**admin, "If-Match": order.headers["ETag"]})
    assert cancelled.json()["status"] == "cancelled"
    assert client.post(url, headers={**admin, "If-Match": order.headers["ETag"]}).status_code == 412


def test_answers_without_a_tag_are_sent(client: TestClient, admin: dict[str, str]) -> None:
    for path in ("orders", "users"):
        assert client.get(f"/api/v1/{path}", headers={**admin, "If-None-Match": "*"}).status_code == 200
