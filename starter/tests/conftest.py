"""Fixtures of this service. Servers, databases and their cleaning come from `ondol.testing.plugin`."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from ondol.db.session import SyncDatabase
from ondol.runtime import Ondol
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from app.factory import create_app
from app.models import User
from app.scopes import Role
from app.settings import AppSettings
from factories.products import PRODUCTS
from maker import Maker

PASSWORD = "correct horse battery"


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
def ondol(app: FastAPI) -> Ondol:
    """The runtime; open while `client` is."""
    runtime: Ondol = app.state.ondol
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
        me = client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}).json()
        return Caller(me["id"], email, tokens)

    return log_in


@pytest.fixture
def new_customer(client: TestClient, log_in: Callable[..., Caller]) -> Callable[[str], Caller]:
    def new_customer(email: str) -> Caller:
        body = {"email": email, "password": PASSWORD, "full_name": "김지우"}
        assert client.post("/api/v1/auth/register", json=body).status_code == 201
        return log_in(email)

    return new_customer


@pytest.fixture
def customer(new_customer: Callable[[str], Caller]) -> Caller:
    return new_customer("owner@example.com")


@pytest.fixture
def other(new_customer: Callable[[str], Caller]) -> Caller:
    return new_customer("other@example.com")


@pytest.fixture
def admin(database: SyncDatabase, ondol: Ondol, log_in: Callable[..., Caller]) -> Caller:
    hashed = ondol.passwords.hash_now(PASSWORD)
    with database.transaction() as session:
        session.add(User(email="root@example.com", full_name="Admin", hashed_password=hashed, role=Role.ADMIN))
    return log_in("root@example.com")


@pytest.fixture
def make(client: TestClient, admin: Caller) -> Maker:
    return Maker(client, admin)


@pytest.fixture
def new_product(make: Maker) -> Callable[..., dict[str, Any]]:
    return lambda **fields: make(PRODUCTS, **{"stock": 10, **fields})


@pytest.fixture
def statements(client: TestClient, ondol: Ondol) -> Iterator[list[str]]:
    """What is sent to PostgreSQL, transactions' begin and end apart. Clear it to count anew."""
    sent: list[str] = []
    note: Callable[..., None] = lambda *arguments: sent.append(arguments[2])  # noqa: E731
    event.listen(ondol.database.engine.sync_engine, "before_cursor_execute", note)
    yield sent
    event.remove(ondol.database.engine.sync_engine, "before_cursor_execute", note)


@pytest.fixture
def in_transaction(client: TestClient, ondol: Ondol) -> Callable[..., Any]:
    """Runs `work(session)` in a transaction that commits, without HTTP: for services and repositories."""

    def run(work: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        async def call() -> Any:
            async with ondol.database.transaction() as session:
                return await work(session)

        assert client.portal is not None
        return client.portal.call(call)

    return run


@pytest.fixture
def run_jobs(client: TestClient, ondol: Ondol) -> Callable[[], None]:
    """Runs every job that waits, as `ondol worker` would."""

    def run_jobs() -> None:
        assert client.portal is not None
        client.portal.call(lambda: ondol.worker().run(until_empty=True))

    return run_jobs
