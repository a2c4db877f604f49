"""The pytest plugin: real PostgreSQL and Valkey, started once per run and emptied after each test.

Nothing starts until a test requests a fixture. Workers of pytest-xdist share the servers; each has its own PostgreSQL
and Valkey database. When pytest ends, even if it is killed, the keeper of the servers removes everything.

The ini option `ondol_project` names the folder with `migrations/`. The default is the folder of the ini file.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from ondol.dev.processes import ProcessIdentity
from ondol.dev.servers import Attachment, StateFolder, attach
from ondol.testing.databases import TestDatabase, migrated_template

pytest.register_assert_rewrite("ondol.testing.contract", "ondol.testing.factory")
pytest_plugins = [
    "ondol.testing.fixtures",
    "ondol.testing.contract.collection",
    "ondol.testing.contract.fixtures",
]

_STATE, _HOLDER = "ONDOL_TEST_STATE", "ONDOL_TEST_HOLDER"
_decided_here = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="Run the slow tests too, and the long version of each.")
    parser.addini("ondol_project", "The folder of the project under test, which contains migrations/.", default=".")


def pytest_configure(config: pytest.Config) -> None:
    # Set once, by the process that the user started. Workers of xdist and other child processes inherit it.
    if _STATE not in os.environ:
        holder = ProcessIdentity.of(os.getpid())
        os.environ[_HOLDER] = str(holder)
        os.environ[_STATE] = str(StateFolder.temporary(project_of(config), str(holder)).path)
        config.stash[_decided_here] = True
    # Tests and the processes they start must not depend on a developer's .env.
    os.environ["ENV_FILE"] = os.devnull
    config.addinivalue_line("markers", "whole: a slow test that runs only with --whole")
    # pytest's temporary files stay within the checkout too.
    scratch = config.rootpath / ".ondol" / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(scratch))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("whole"):
        left_out = [item for item in items if item.get_closest_marker("whole")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Start no workers for `-n auto` if one file is named: starting them takes longer than most files do."""
    named = config.args[0] if len(config.args) == 1 else ""
    file, _, test = named.partition("::")
    return 0 if test or (file.endswith(".py") and not file.endswith("test_contract.py")) else None


def pytest_unconfigure(config: pytest.Config) -> None:
    if config.stash.get(_decided_here, False):
        state = StateFolder(Path(os.environ.pop(_STATE)))
        if state.path.exists():
            _attach(state).release()


def project_of(config: pytest.Config) -> Path:
    return (config.rootpath / str(config.getini("ondol_project"))).resolve()


def _attach(state: StateFolder) -> Attachment:
    return attach(state, holder=ProcessIdentity.parse(os.environ[_HOLDER]), temporary=True)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Return "asyncio": asynchronous tests run on it."""
    return "asyncio"


@pytest.fixture(scope="session")
def whole(pytestconfig: pytest.Config) -> bool:
    """Return whether this run uses --whole."""
    return bool(pytestconfig.getoption("whole"))


@pytest.fixture(scope="session")
def project_folder(pytestconfig: pytest.Config) -> Path:
    """Return the folder that the ini option `ondol_project` names."""
    return project_of(pytestconfig)


@pytest.fixture(scope="session")
def servers() -> Attachment:
    """Return PostgreSQL and Valkey of this test run."""
    return _attach(StateFolder(Path(os.environ[_STATE])))


@pytest.fixture(scope="session")
def worker_database(servers: Attachment, project_folder: Path) -> TestDatabase:
    """Return a migrated database for this process, cloned from a template that is migrated once per run."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return TestDatabase.cloned(migrated_template(servers, project_folder), f"test_{worker}")


@pytest.fixture(scope="session")
def worker_redis_url(servers: Attachment) -> str:
    """Return the URL of this process's Valkey database."""
    digits = "".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", ""))) or "0"
    return f"{servers.redis_url.rpartition('/')[0]}/{int(digits) % 64}"


@pytest.fixture
def database_url(worker_database: TestDatabase) -> Iterator[str]:
    """Yield the URL of a migrated, empty PostgreSQL database. It is emptied after the test."""
    yield worker_database.url
    worker_database.empty()


@pytest.fixture
def redis_url(worker_redis_url: str) -> Iterator[str]:
    """Yield the URL of an empty Valkey database."""
    yield worker_redis_url
    with redis.Redis.from_url(worker_redis_url) as client:
        client.flushdb()
