"""The contract: what any client may send, and what it is promised. Over HTTP, to a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ondol.db.session import SyncDatabase
from ondol.testing.databases import TestDatabase
from ondol.testing.processes import web_server

from app.factory import create_app
from app.scopes import Role
from app.settings import AppSettings
from factories import FACTORIES
from operations import Document
from people import people, session_of
from service import Service


@pytest.fixture(scope="module")
def service(
    worker_database: TestDatabase, worker_redis_url: str, project_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    settings = AppSettings(environment="test", database_url=worker_database.url, redis_url=worker_redis_url)
    log = tmp_path_factory.mktemp("contract") / "web.log"
    environment = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": worker_database.url,
        "REDIS_URL": worker_redis_url,
        "MAIL__FOLDER": str(log.parent / "mailbox"),
        # It is the API that is asked here, not the server before it.
        "HTTP__MAX_URL_BYTES": "60000",
    }
    database = SyncDatabase(worker_database.url)
    with web_server(project_folder, environment, log) as base:
        raw = create_app(settings).openapi()
        admin = people(database, 1, Role.ADMIN)[0]
        service = Service(base, raw, Document(raw), database, worker_database.url, admin, log)
        somebody = people(database, 1)[0]
        service.known["user_id"] = service.send("GET", "/api/v1/users/me", headers=somebody).json()["id"]
        service.known["session_id"] = session_of(somebody)
        for factory in FACTORIES:
            service.known |= service.make(factory, service.known)
        yield service
    database.close()
    worker_database.empty()
    broken = [line for line in log.read_text().splitlines() if '"unhandled_error"' in line]
    assert broken == []
