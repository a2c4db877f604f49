"""The service as it runs in production: two web processes on one PostgreSQL and one Valkey.

A conftest.py imports the fixtures.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psycopg
import pytest
from ondol.db.session import SyncDatabase
from ondol.dev.ports import free_port
from ondol.dev.programs import server_user
from ondol.dev.servers import Attachment
from ondol.dev.valkey import ValkeyServer
from ondol.testing.databases import TestDatabase
from ondol.testing.processes import web_server
from psycopg import sql

from app.scopes import Role
from people import people


@dataclass(frozen=True)
class Rig:
    """Two workers by their base URLs, and what stands behind them."""

    bases: tuple[str, str]
    database: SyncDatabase
    database_url: str
    valkey: ValkeyServer
    environment: dict[str, str]
    logs: Path
    server_log: Path

    def people(self, number: int, role: Role = Role.CUSTOMER) -> list[dict[str, str]]:
        return people(self.database, number, role)

    def admin(self) -> dict[str, str]:
        return self.people(1, Role.ADMIN)[0]

    def client(self, worker: int = 0, **options: object) -> httpx2.Client:
        return httpx2.Client(base_url=self.bases[worker], timeout=20, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory, servers: Attachment) -> Iterator[ValkeyServer]:
    """A Valkey of its own, which a test may kill or stop without hurting others."""
    folder = tmp_path_factory.mktemp("valkey")
    folder.chmod(0o755)
    server = ValkeyServer(
        folder / "valkey.log", servers.state.copies, user=server_user(), port=free_port(), password="t" * 24
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def rig_processes(
    worker_database: TestDatabase,
    servers: Attachment,
    valkey: ValkeyServer,
    project_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Rig]:
    """A module's ENVIRONMENT is theirs too."""
    logs = tmp_path_factory.mktemp("logs")
    environment = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": worker_database.url,
        "REDIS_URL": valkey.url(),
        "DATABASE__POOL_SIZE": "10",
        "MAIL__FOLDER": str(logs / "mailbox"),
        **getattr(request.module, "ENVIRONMENT", {}),
    }
    with psycopg.connect(worker_database.url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET log_statement = 'all'").format(name))
    with ExitStack() as stack:
        bases = tuple(
            stack.enter_context(web_server(project_folder, environment, logs / f"web{worker}.log"))
            for worker in range(2)
        )
        database = SyncDatabase(worker_database.url)
        stack.callback(database.close)
        yield Rig(bases, database, worker_database.url, valkey, environment, logs, servers.state.logs / "postgres.log")


@pytest.fixture
def rig(rig_processes: Rig, worker_database: TestDatabase) -> Iterator[Rig]:
    yield rig_processes
    worker_database.empty()
    for log in rig_processes.logs.glob("web*.log"):
        broken = [line for line in log.read_text().splitlines() if '"unhandled_error"' in line]
        assert broken == [], json.loads(broken[0]).get("exception")
