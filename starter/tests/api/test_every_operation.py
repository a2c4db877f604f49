"""Every operation of the OpenAPI document answers 2xx, and nothing leaves that should not.

A resource is driven by its factory. Any other new operation fails this test until it has a line in one of the
`drive_…` functions.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from ondol.db.session import SyncDatabase
from sqlalchemy import update

from app.models import User
from factories import FACTORIES
from factories.orders import ORDERS
from factories.products import PRODUCTS
from factory import API
from people import code_in

PLANTED_HASH = "$argon2id$v=19$m=19456,t=2,p=1$cGxhbnRlZA$planted-hash-that-must-never-leave"
BYSTANDER, FRESH = "bystander@example.com", "fresh@example.com"
PASSWORD = "correct horse battery"


class Recorder:
    """A client that notes which operations answered 2xx, and with which bodies."""

    def __init__(self, client: TestClient, operations: set[str]) -> None:
        self._client, self.operations = client, operations
        self.bodies: dict[str, list[str]] = {}

    def __call__(self, method: str, path: str, url: str | None = None, **request: Any) -> Any:
        answer = self._client.request(method, url or path, **request)
        assert 200 <= answer.status_code < 300, (method, path, answer.text)
        self.bodies.setdefault(f"{method} {path}", []).append(answer.text)
        return answer


@dataclass(frozen=True)
class People:
    """Who drives, each with the keyword arguments of a request."""

    customer: Any
    admin: Any
    log_in: Callable[..., Any]
    mailed: Callable[[str], Any]

    @property
    def asks(self) -> dict[str, Any]:
        return {"headers": self.customer.headers}

    @property
    def rules(self) -> dict[str, Any]:
        return {"headers": self.admin.headers}


def drive_health(call: Recorder, people: People) -> None:
    call("GET", "/health/live")
    call("GET", "/health/ready")


def drive_auth(call: Recorder, people: People) -> None:
    call("POST", f"{API}/auth/register", json={"email": FRESH})
    account = {"token": code_in(people.mailed(FRESH)), "password": PASSWORD, "full_name": "n"}
    call("POST", f"{API}/auth/register/confirm", json=account)
    call("POST", f"{API}/auth/token", data={"username": FRESH, "password": PASSWORD})
    refresh = {"refresh_token": people.log_in(FRESH).tokens["refresh_token"]}
    call("POST", f"{API}/auth/refresh", json=refresh)
    call("POST", f"{API}/auth/revoke", data={"token": refresh["refresh_token"]})
    call("POST", f"{API}/auth/logout", headers=people.log_in(FRESH).headers)
    call("POST", f"{API}/auth/password-reset", json={"email": FRESH})
    reset = {"token": code_in(people.mailed(FRESH)), "new_password": PASSWORD}
    call("POST", f"{API}/auth/password-reset/confirm", json=reset)
    change = {"email": "fresher@example.com", "current_password": PASSWORD}
    call("POST", f"{API}/auth/email-change", json=change, headers=people.log_in(FRESH).headers)
    call("POST", f"{API}/auth/email-change/confirm", json={"token": code_in(people.mailed("fresher@example.com"))})


def drive_sessions(call: Recorder, people: People) -> None:
    one, _ = people.log_in(people.customer.email), people.log_in(people.customer.email)
    sessions = call("GET", f"{API}/auth/sessions", headers=one.headers).json()["items"]
    ended = next(session["id"] for session in sessions if not session["is_current"])
    call("DELETE", f"{API}/auth/sessions/{{session_id}}", f"{API}/auth/sessions/{ended}", headers=one.headers)
    call("DELETE", f"{API}/auth/sessions", headers=people.log_in(people.admin.email).headers)


def drive_users(call: Recorder, people: People) -> None:
    call("GET", f"{API}/users/me", **people.asks)
    call("PATCH", f"{API}/users/me", json={"full_name": "m"}, **people.asks)
    password = {"current_password": PASSWORD, "new_password": PASSWORD}
    call("POST", f"{API}/users/me/password", json=password, **people.asks)
    one = f"{API}/users/{people.customer.id}"
    call("GET", f"{API}/users", **people.rules)
    call("GET", f"{API}/users/{{user_id}}", one, **people.rules)
    call("PATCH", f"{API}/users/{{user_id}}", one, json={"full_name": "k"}, **people.rules)


def drive_audit(call: Recorder, people: People) -> None:
    call("GET", f"{API}/audit-log", headers=people.log_in(people.admin.email).headers)


def drive_resources(call: Recorder, people: People) -> None:
    known = {"user_id": people.customer.id}
    for factory in FACTORIES:
        asks = people.asks if factory.is_owned else people.rules
        make = partial(call, "POST", factory.url, **asks)
        known[factory.id_name] = make(json=factory.make_body(known)).json()["id"]
        call("GET", factory.url, **asks)
        path, one = factory.one, f"{factory.url}/{known[factory.id_name]}"
        call("GET", path, one, **asks)
        if f"PATCH {path}" in call.operations:
            call("PATCH", path, one, json={}, **asks)
        if f"DELETE {path}" in call.operations:
            another = make(json=factory.make_body(known)).json()["id"]
            call("DELETE", path, f"{factory.url}/{another}", **asks)


def drive_orders(call: Recorder, people: People) -> None:
    product = call("POST", PRODUCTS.url, json=PRODUCTS.make_body({}), **people.rules).json()
    order = call("POST", ORDERS.url, json=ORDERS.make_body({"product_id": product["id"]}), **people.asks).json()
    call("POST", f"{API}/orders/{{order_id}}/cancel", f"{ORDERS.url}/{order['id']}/cancel", **people.asks)


def drive_dashboard(call: Recorder, people: People) -> None:
    call("GET", f"{API}/dashboard", **people.rules)


DRIVES = [
    drive_health,
    drive_auth,
    drive_users,
    drive_resources,
    drive_orders,
    drive_dashboard,
    drive_audit,
    drive_sessions,
]


def test_every_operation_answers_and_leaks_nothing(
    app: FastAPI,
    client: TestClient,
    customer: Any,
    admin: Any,
    log_in: Callable[..., Any],
    new_customer: Callable[[str], Any],
    mailed: Callable[[str], Any],
    database: SyncDatabase,
) -> None:
    bystander = new_customer(BYSTANDER)
    with database.transaction() as session:
        session.execute(update(User).where(User.email == BYSTANDER).values(hashed_password=PLANTED_HASH))
    paths = app.openapi()["paths"].items()
    operations = {f"{method.upper()} {path}" for path, item in paths for method in item}
    call = Recorder(client, operations)
    for drive in DRIVES:
        drive(call, People(customer, admin, log_in, mailed))

    assert set(call.bodies) == operations

    may_see_everybody = {"GET /api/v1/users", "GET /api/v1/audit-log"}
    for operation, bodies in call.bodies.items():
        for body in bodies:
            assert not re.search(r"\$argon2|\$2[aby]\$|hashed_password|planted-hash", body), operation
            if operation not in may_see_everybody:
                assert BYSTANDER not in body, operation
                assert bystander.id not in body, operation
