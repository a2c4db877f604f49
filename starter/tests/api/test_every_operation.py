"""Every operation of the OpenAPI document answers 2xx, and nothing leaves that should not.

A new operation fails this test until it has a line in `drive`.
"""

import re
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from ondol.db.session import SyncDatabase
from sqlalchemy import update

from app.models import User

PLANTED_HASH = "$argon2id$v=19$m=19456,t=2,p=1$cGxhbnRlZA$planted-hash-that-must-never-leave"
BYSTANDER = "bystander@example.com"
PASSWORD = "correct horse battery"


class Recorder:
    """A client that notes which operations answered 2xx, and with which bodies."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self.bodies: dict[str, list[str]] = {}

    def __call__(self, method: str, path: str, url: str | None = None, **request: Any) -> Any:
        answer = self._client.request(method, url or path, **request)
        assert 200 <= answer.status_code < 300, (method, path, answer.text)
        self.bodies.setdefault(f"{method} {path}", []).append(answer.text)
        return answer


def drive(call: Recorder, client: TestClient, customer: Any, admin: Any, log_in: Callable[..., Any]) -> None:
    api, asks, rules = "/api/v1", {"headers": customer.headers}, {"headers": admin.headers}

    call("GET", "/health/live")
    call("GET", "/health/ready")

    body = {"email": "fresh@example.com", "password": PASSWORD, "full_name": "n"}
    call("POST", f"{api}/auth/register", json=body)
    call("POST", f"{api}/auth/token", data={"username": "fresh@example.com", "password": PASSWORD})
    refresh = {"refresh_token": log_in("fresh@example.com").tokens["refresh_token"]}
    call("POST", f"{api}/auth/refresh", json=refresh)
    call("POST", f"{api}/auth/logout", headers=log_in("fresh@example.com").headers)

    call("GET", f"{api}/users/me", **asks)
    call("PATCH", f"{api}/users/me", json={"full_name": "m"}, **asks)
    password = {"current_password": PASSWORD, "new_password": PASSWORD}
    call("POST", f"{api}/users/me/password", json=password, **asks)
    call("GET", f"{api}/users", **rules)
    call("GET", f"{api}/users/{{user_id}}", f"{api}/users/{customer.id}", **rules)
    call("PATCH", f"{api}/users/{{user_id}}", f"{api}/users/{customer.id}", json={"full_name": "k"}, **rules)

    new = {"name": "n", "price": "1.00", "stock": 9}
    product = call("POST", f"{api}/products", json=new, **rules).json()
    call("GET", f"{api}/products")
    call("GET", f"{api}/products/{{product_id}}", f"{api}/products/{product['id']}")
    call("PATCH", f"{api}/products/{{product_id}}", f"{api}/products/{product['id']}", json={"stock": 8}, **rules)

    lines = {"lines": [{"product_id": product["id"], "quantity": 1}]}
    order = call("POST", f"{api}/orders", json=lines, **asks).json()
    call("GET", f"{api}/orders", **asks)
    call("GET", f"{api}/orders/{{order_id}}", f"{api}/orders/{order['id']}", **asks)
    call("POST", f"{api}/orders/{{order_id}}/cancel", f"{api}/orders/{order['id']}/cancel", **asks)
    call("GET", f"{api}/dashboard", **rules)

    unsold = call("POST", f"{api}/products", json=new, **rules).json()
    call("DELETE", f"{api}/products/{{product_id}}", f"{api}/products/{unsold['id']}", **rules)


def test_every_operation_answers_and_leaks_nothing(
    app: FastAPI,
    client: TestClient,
    customer: Any,
    admin: Any,
    log_in: Callable[..., Any],
    new_customer: Callable[[str], Any],
    database: SyncDatabase,
) -> None:
    bystander = new_customer(BYSTANDER)
    with database.transaction() as session:
        session.execute(update(User).where(User.email == BYSTANDER).values(hashed_password=PLANTED_HASH))
    call = Recorder(client)
    drive(call, client, customer, admin, log_in)

    document = app.openapi()
    operations = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert set(call.bodies) == operations

    may_see_everybody = {"GET /api/v1/users"}
    for operation, bodies in call.bodies.items():
        for body in bodies:
            assert not re.search(r"\$argon2|\$2[aby]\$|hashed_password|planted-hash", body), operation
            if operation not in may_see_everybody:
                assert BYSTANDER not in body, operation
                assert bystander.id not in body, operation
