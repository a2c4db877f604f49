"""Fixtures of this service. Servers, databases and their cleaning come from `ondol.testing.plugin`."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from generous import lift_limits
from ondol.db.session import SyncDatabase
from sqlalchemy import event

from app.factory import create_app
from app.runtime import Runtime, UnitOfWork
from app.scopes import Role
from app.services.users import UserService
from app.settings import AppSettings
from factories.products import PRODUCTS
from maker import Maker

PASSWORD = "correct horse battery"

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
    """The runtime; open while `client` is."""
    runtime: Runtime = app.state.runtime
    return runtime


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """Anonymous, through the app with all its middleware; its lifespan runs."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
async def async_client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """The same for asynchronous tests, for many requests at once."""
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            yield client


@pytest.fixture
def database(settings: AppSettings) -> Iterator[SyncDatabase]:
    """A look past the API, at what was committed."""
    assert settings.database_url
    database = SyncDatabase(settings.database_url.get_secret_value())
    yield database
    database.close()


@dataclass(frozen=True)
class Caller:
    """Somebody who is logged in."""

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
        client.cookies.clear()  # one client is many people here: none of them leaves the device known
        claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
        return Caller(claims["sub"], email, tokens)

    return log_in


@pytest.fixture
def new_account(runtime: Runtime, in_transaction: Callable[..., Any]) -> Callable[..., None]:
    """An account with the password PASSWORD, as `ondol user create` makes it."""
    hashed = runtime.passwords.hash_now(PASSWORD)

    def new_account(email: str, role: Role = Role.CUSTOMER) -> None:
        account = {"email": email, "full_name": "김지우", "hashed_password": hashed, "role": role}
        in_transaction(lambda work: UserService(work).create(**account))

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


@pytest.fixture
def make(client: TestClient, admin: Caller) -> Maker:
    return Maker(client, admin)


@pytest.fixture
def new_product(make: Maker) -> Callable[..., dict[str, Any]]:
    return lambda **fields: make(PRODUCTS, **{"stock": 10, **fields})


@pytest.fixture
def statements(client: TestClient, runtime: Runtime) -> Iterator[list[str]]:
    """What is sent to PostgreSQL, transactions' begin and end apart. Clear it to count anew."""
    sent: list[str] = []
    note: Callable[..., None] = lambda *arguments: sent.append(arguments[2])  # noqa: E731
    event.listen(runtime.database.engine.sync_engine, "before_cursor_execute", note)
    yield sent
    event.remove(runtime.database.engine.sync_engine, "before_cursor_execute", note)


@pytest.fixture
def in_transaction(client: TestClient, runtime: Runtime) -> Callable[..., Any]:
    """Awaits `act(work)` in a transaction that commits, without HTTP: for services and repositories."""

    def run(act: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
        async def call() -> Any:
            async with runtime.transaction() as work:
                return await act(work)

        assert client.portal is not None
        return client.portal.call(call)

    return run


@pytest.fixture
def mailed(runtime: Runtime, run_jobs: Callable[[], None]) -> Callable[[str], EmailMessage]:
    """The newest mail to an address, after the jobs that wait have run."""

    def mailed(address: str) -> EmailMessage:
        run_jobs()
        return next(message for message in runtime.mailer.mailbox.messages() if message["To"] == address)

    return mailed


@pytest.fixture
def run_jobs(client: TestClient, runtime: Runtime) -> Callable[[], None]:
    """Runs every job that waits, as `ondol worker` would."""

    def run_jobs() -> None:
        assert client.portal is not None
        client.portal.call(lambda: runtime.worker().run(until_empty=True))

    return run_jobs
