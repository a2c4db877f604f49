"""Fixtures of this service. `ondol.testing` provides the others: servers, databases, `make`, `run_jobs`, …"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from generous import lift_limits
from ondol.testing.contract import PASSWORD
from ondol.testing.factory import Maker

from app.factory import create_app
from app.runtime import Runtime
from app.scopes import Role
from app.services.users import UserService
from app.settings import AppSettings
from factories.products import PRODUCTS  # sample
from people import hashed_password

lift_limits()


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> AppSettings:
    return AppSettings(
        environment="test",
        database_url=database_url,
        redis_url=redis_url,
        mail={"folder": tmp_path / "mailbox"},
    )


@pytest.fixture
def app(settings: AppSettings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
def runtime(app: FastAPI) -> Runtime:
    """Return the runtime, which is open while `client` is."""
    runtime: Runtime = app.state.runtime
    return runtime


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """Yield an anonymous client of the app with all its middleware and its lifespan."""
    with TestClient(app) as client:
        yield client


@dataclass(frozen=True)
class Caller:
    """A logged-in account."""

    id: str
    email: str
    tokens: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}


@pytest.fixture
def log_in(client: TestClient) -> Callable[..., Caller]:
    def log_in(email: str, password: str = PASSWORD, **form: str) -> Caller:
        answer = client.post("/api/v1/auth/token", data={"username": email, "password": password, **form})
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        client.cookies.clear()  # several accounts share this client: it must not look like a known device
        claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
        return Caller(claims["sub"], email, tokens)

    return log_in


@pytest.fixture
def new_account(in_transaction: Callable[..., Any]) -> Callable[..., None]:
    """Return a function that creates an account with the password PASSWORD, as `ondol user create` does."""

    def new_account(email: str, role: Role = Role.CUSTOMER) -> None:
        account = {"email": email, "full_name": "김지우", "hashed_password": hashed_password()}
        in_transaction(lambda work: UserService(work).create(**account, role=role))

    return new_account


@pytest.fixture
def new_customer(new_account: Callable[..., None], log_in: Callable[..., Caller]) -> Callable[[str], Caller]:
    def new_customer(email: str) -> Caller:
        new_account(email)
        return log_in(email)

    return new_customer


@pytest.fixture
def customer(new_customer: Callable[[str], Caller]) -> Caller:
    return new_customer("owner@example.com")


@pytest.fixture
def other(new_customer: Callable[[str], Caller]) -> Caller:
    return new_customer("other@example.com")


@pytest.fixture
def admin(new_account: Callable[..., None], log_in: Callable[..., Caller]) -> Caller:
    new_account("root@example.com", Role.ADMIN)
    return log_in("root@example.com")


# sample: begin
@pytest.fixture
def new_product(make: Maker) -> Callable[..., dict[str, Any]]:
    return lambda **fields: make(PRODUCTS, **{"stock": 10, **fields})


# sample: end
