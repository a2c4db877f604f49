"""The service as it runs in production: two web processes on one PostgreSQL and one Valkey."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from psycopg import sql

from ondol.db.session import SyncDatabase
from ondol.dev.ports import free_port
from ondol.dev.programs import server_user
from ondol.dev.servers import Attachment
from ondol.dev.valkey import ValkeyServer
from ondol.testing.contract import ME, Contract
from ondol.testing.contract.collection import contract_of
from ondol.testing.contract.service import Headers, Service
from ondol.testing.databases import TestDatabase
from ondol.testing.processes import web_servers
from ondol.testing.waiting import eventually


@dataclass(frozen=True)
class Processes:
    """Two web workers, by base URL, with their servers and logs."""

    bases: tuple[str, str]
    database: SyncDatabase
    database_url: str
    valkey: ValkeyServer
    environment: dict[str, str]
    logs: Path
    server_log: Path


@dataclass(frozen=True)
class Rig(Processes):
    """The processes, and accounts that call them."""

    contract: Contract

    def people(self, number: int, role: Any = None, scopes: frozenset[str] | None = None) -> list[Headers]:
        """Create `number` accounts, by default customers, and return their request headers."""
        return self.contract.people(self.database, number, role or self.contract.customer, scopes=scopes)

    def admin(self) -> Headers:
        return self.people(1, self.contract.administrator)[0]

    def fresh_tokens(self) -> list[str]:
        """Return a mailed token for each operation that takes one."""
        made = [make(self.database) for make in self.contract.fresh.values()]
        return [fields["token"] for fields in made if "token" in fields]

    def email_of(self, headers: Headers) -> str:
        with self.client(headers=headers) as client:
            return str(client.get(ME).json()["email"])

    def new_address(self) -> str:
        """Create a customer and return the e-mail address."""
        return self.email_of(self.people(1)[0])

    def restart_valkey(self) -> None:
        """Start Valkey, empty, and wait until both workers use it."""
        self.valkey.start()

        def is_used(client: httpx2.Client) -> bool:
            return client.get("/health/ready").json()["valkey"] == "up"  # type: ignore[no-any-return]

        for worker in (0, 1):
            with self.client(worker) as client:
                eventually(partial(is_used, client), 5)

    def serves(self, path: str) -> bool:
        """Return whether the path has a POST operation. Asks with GET, because a POST would be counted."""
        with self.client() as client:
            return client.get(path).status_code == 405

    def client(self, worker: int = 0, **options: object) -> httpx2.Client:
        return httpx2.Client(base_url=self.bases[worker], timeout=20, **options)  # type: ignore[arg-type]


Start = Callable[[dict[str, str]], AbstractContextManager[Processes]]


@pytest.fixture(scope="module")
def contract(request: pytest.FixtureRequest) -> Contract:
    """Return the CONTRACT of the project's test_contract.py."""
    return contract_of(request.node)


@pytest.fixture(scope="session")
def start_processes(
    worker_database: TestDatabase, servers: Attachment, project_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Start:
    """Return a function that starts two web workers with these settings, and a Valkey that a test may kill."""

    @contextmanager
    def start(environment: dict[str, str]) -> Iterator[Processes]:
        logs = tmp_path_factory.mktemp("processes")
        logs.chmod(0o755)
        valkey = ValkeyServer(
            logs / "valkey.log", servers.state.copies, user=server_user(), port=free_port(), password="t" * 24
        )
        environment = {
            "ENVIRONMENT": "test",
            "DATABASE_URL": worker_database.url,
            "REDIS_URL": valkey.url(),
            "DATABASE__POOL_SIZE": "10",
            "MAIL__FOLDER": str(logs / "mailbox"),
            # These tests are about the API, not about the limits of the server in front of it.
            "HTTP__MAX_URL_BYTES": "60000",
            **environment,
        }
        with psycopg.connect(worker_database.url, autocommit=True) as connection:
            name = sql.Identifier(connection.info.dbname)
            connection.execute(sql.SQL("ALTER DATABASE {} SET log_statement = 'all'").format(name))
        with ExitStack() as stack:
            valkey.start()
            stack.callback(valkey.stop)
            one, two = stack.enter_context(web_servers(2, project_folder, environment, logs))
            database = SyncDatabase(worker_database.url)
            stack.callback(database.close)
            server_log = servers.state.logs / "postgres.log"
            yield Processes((one, two), database, worker_database.url, valkey, environment, logs, server_log)

    return start


@pytest.fixture(scope="session")
def usual_processes(start_processes: Start) -> Iterator[Processes]:
    """Yield the processes shared by all modules without an ENVIRONMENT: starting them takes seconds."""
    with start_processes({}) as processes:
        yield processes


@pytest.fixture(scope="module")
def processes(request: pytest.FixtureRequest, start_processes: Start) -> Iterator[Processes]:
    """Yield processes with the module's ENVIRONMENT, or the shared ones if it has none."""
    environment = getattr(request.module, "ENVIRONMENT", None)
    if environment is None:
        yield request.getfixturevalue("usual_processes")
        return
    with start_processes(environment) as own:
        yield own


@pytest.fixture
def rig(processes: Processes, contract: Contract, worker_database: TestDatabase) -> Iterator[Rig]:
    """Yield the module's processes, with accounts that call them."""
    logs = [processes.logs / f"web{worker}.log" for worker in range(2)]
    begins = [log.stat().st_size for log in logs]
    yield Rig(**vars(processes), contract=contract)
    worker_database.empty()
    for log, begin in zip(logs, begins, strict=True):
        written = log.read_bytes()[begin:].decode(errors="replace")
        broken = [line for line in written.splitlines() if '"unhandled_error"' in line]
        assert broken == [], json.loads(broken[0]).get("exception")


@pytest.fixture
def service(rig: Rig) -> Service:
    """Return the first worker with its document, an administrator, and one of each resource."""
    with rig.client() as client:
        raw = client.get("/openapi.json").json()
    return Service(rig.bases[0], raw, rig.contract, rig.database)
