from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from ondol.db.session import SyncDatabase
from ondol.testing.contract import PASSWORD
from sqlalchemy import text

URL = "/api/v1/users/me"


def delete(client: TestClient, who: Any, password: str = PASSWORD) -> Any:
    return client.post(f"{URL}/deletion", json={"current_password": password}, headers=who.headers)


def test_a_person_gets_all_that_is_stored(client: TestClient, customer: Any) -> None:
    data = client.get(f"{URL}/data", headers=customer.headers).json()
    assert (data["account"]["email"], len(data["sessions"])) == (customer.email, 1)
    assert "hashed_password" not in str(data)


# sample: begin
def test_what_was_ordered_is_exported_and_stays(
    client: TestClient, customer: Any, admin: Any, new_product: Callable[..., Any], database: SyncDatabase
) -> None:
    body = {"lines": [{"product_id": new_product()["id"], "quantity": 1}]}
    order = client.post("/api/v1/orders", json=body, headers={**customer.headers, "Idempotency-Key": "one"}).json()
    data = client.get(f"{URL}/data", headers=customer.headers).json()
    assert [each["id"] for each in data["orders"]] == [order["id"]]
    assert delete(client, customer).status_code == 204
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM orders")) == 1
        assert session.scalar(text("SELECT count(*) FROM idempotency_keys")) == 0


# sample: end
def test_a_deleted_account_is_nobodys(
    client: TestClient, customer: Any, admin: Any, mailed: Callable[[str], Any], database: SyncDatabase
) -> None:
    assert delete(client, customer, "wrong").json()["code"] == "wrong_password"
    assert delete(client, customer).status_code == 204
    assert client.get(URL, headers=customer.headers).status_code == 401
    login = {"username": customer.email, "password": PASSWORD}
    assert client.post("/api/v1/auth/token", data=login).status_code == 401
    refresh = {"refresh_token": customer.tokens["refresh_token"]}
    assert client.post("/api/v1/auth/refresh", json=refresh).status_code == 401
    assert mailed(customer.email)["Subject"] == "Your account was deleted"
    with database.transaction() as session:
        for table in ("users", "login_sessions", "mailed_tokens"):
            rows = session.execute(text(f"SELECT * FROM {table}")).all()
            assert customer.email not in str(rows)
            assert customer.id not in str(rows) or table == "users"
    change = client.patch(f"/api/v1/users/{customer.id}", json={"is_active": True}, headers=admin.headers)
    assert change.status_code == 404


def test_the_last_administrator_stays(client: TestClient, admin: Any) -> None:
    assert delete(client, admin).json()["code"] == "last_administrator"
    assert client.get(URL, headers=admin.headers).status_code == 200


# audit: begin
@pytest.mark.parametrize(("path", "action"), [("", "accounts.listed"), ("/{id}", "account.read")])
def test_reading_about_others_is_noted(client: TestClient, customer: Any, admin: Any, path: str, action: str) -> None:
    for who in (customer, admin):
        assert client.get("/api/v1/users" + path.format(id=who.id), headers=admin.headers).status_code == 200
    noted = client.get("/api/v1/audit-log", params={"action": action}, headers=admin.headers).json()["items"]
    assert {entry["actor_id"] for entry in noted} == {admin.id}
    assert {entry["target_id"] for entry in noted} == ({customer.id} if path else {None})


# audit: end
