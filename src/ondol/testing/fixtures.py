"""Fixtures for in-process tests. They use fixtures of the project's conftest.py: `settings`, `app`, `client`,
`runtime` and, to create resources, `admin`."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from email.message import EmailMessage
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ondol.db.session import SyncDatabase
from ondol.runtime import Runtime, UnitOfWork
from ondol.testing.factory import Caller, Maker


@pytest.fixture
async def async_client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client for asynchronous tests."""
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            yield client


@pytest.fixture
def database(database_url: str) -> Iterator[SyncDatabase]:
    """Yield direct access to the committed data, without the API."""
    database = SyncDatabase(database_url)
    yield database
    database.close()


@pytest.fixture
def make(client: TestClient, admin: Caller) -> Maker:
    """Return a function that creates a resource through the API: `make(PRODUCTS, name="n")`."""
    return Maker(client, admin)


@pytest.fixture
def statements(client: TestClient, runtime: Runtime[Any]) -> Iterator[list[str]]:
    """Yield the list of statements sent to PostgreSQL, without BEGIN and COMMIT. Clear it to restart."""
    sent: list[str] = []
    with runtime.database.watched(sent.append):
        yield sent


@pytest.fixture
def in_transaction(client: TestClient, runtime: Runtime[Any]) -> Callable[..., Any]:
    """Return a function that awaits `act(work)` in a committed transaction: for tests of services and repositories."""

    def run(act: Callable[[UnitOfWork[Any]], Awaitable[Any]]) -> Any:
        async def call() -> Any:
            async with runtime.transaction() as work:
                return await act(work)

        assert client.portal is not None
        return client.portal.call(call)

    return run


@pytest.fixture
def mailed(runtime: Runtime[Any], run_jobs: Callable[[], None]) -> Callable[[str], EmailMessage]:
    """Return a function that runs the waiting jobs and returns the newest mail to an address."""

    def mailed(address: str) -> EmailMessage:
        run_jobs()
        return next(message for message in runtime.mailer.mailbox.messages() if message["To"] == address)

    return mailed


@pytest.fixture
def run_jobs(client: TestClient, runtime: Runtime[Any]) -> Callable[[], None]:
    """Return a function that runs all waiting jobs, as `ondol worker` would."""

    def run_jobs() -> None:
        assert client.portal is not None
        client.portal.call(lambda: runtime.worker().run(until_empty=True))

    return run_jobs
