"""The starter in production mode, on servers that a test may stop, kill and restart."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
from psycopg import sql

from ondol.db.migrations import upgrade
from ondol.db.session import SyncDatabase
from ondol.dev.ports import free_port
from ondol.dev.postgres import PostgresServer
from ondol.dev.programs import server_user
from ondol.dev.valkey import ValkeyServer
from ondol.testing.processes import running, wait_until_ready

SECRET = "mVn3c0sQ_8yT-hR5xKdL2wZp7JfGb9Ae4uXt"
PASSWORD = "Tb5kq9ZxWm"

UVICORN = ("-m", "ondol.run", "web")
GUNICORN = ("-m", "gunicorn", "-c", "gunicorn.conf.py", "main:app")


@dataclass
class Production:
    """Servers for one test, and the environment of production processes."""

    project: Path
    folder: Path
    postgres: PostgresServer
    valkey: ValkeyServer
    database_url: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> SyncDatabase:
        return SyncDatabase(self.database_url)

    def with_lines(self, project: Path, lines: str) -> "Production":
        """Return the same servers with the starter in `project`; append `lines` to its main.py."""
        main = project / "main.py"
        main.write_text(main.read_text() + lines)
        return replace(self, project=project)

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def logged(self, text: str) -> list[str]:
        """Return the lines of all logs that contain `text`."""
        lines = [line for log in self.folder.glob("*.log") for line in log.read_text(errors="replace").splitlines()]
        return [line for line in lines if text in line]

    @contextmanager
    def web(
        self, name: str = "web", *, port: int | None = None, command: Sequence[str] = UVICORN, **environment: str
    ) -> Iterator["Web"]:
        """Start web processes on one port, and yield when they are ready."""
        port = port or free_port()
        environment = {**self.environment, "PORT": str(port), **environment}
        with running(list(command), folder=self.project, environment=environment, log=self.log(name)) as process:
            base = f"http://127.0.0.1:{port}"
            wait_until_ready(base, process, self.log(name))
            yield Web(base, port, process)

    def failed_start(self, **environment: str) -> str:
        """Return the standard error of a web process that fails to start."""
        finished = subprocess.run(
            [sys.executable, *UVICORN],
            cwd=self.project,
            env={**os.environ, **self.environment, "PORT": str(free_port()), **environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert finished.returncode != 0
        assert "Traceback" not in finished.stderr
        return finished.stderr

    @contextmanager
    def worker(self, name: str = "worker", **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
        with running(
            ["-m", "ondol.run", "worker"],
            folder=self.project,
            environment={**self.environment, **environment},
            log=self.log(name),
        ) as process:
            yield process


@dataclass(frozen=True)
class Web:
    base: str
    port: int
    process: "subprocess.Popen[bytes]"


@contextmanager
def production(
    project: Path, folder: Path, copies: Path, *, data: Path | None = None, migrated: bool = True
) -> Iterator[Production]:
    """Start the servers with their files in `folder`, and PostgreSQL's data in `data` if given."""
    user = server_user()
    postgres = PostgresServer(
        (data or folder) / "postgres",
        folder / "postgres.log",
        copies,
        user=user,
        port=free_port(),
        password=secrets.token_hex(16),
        fsync=False,
    )
    valkey = ValkeyServer(folder / "valkey.log", copies, user=user, port=free_port(), password=secrets.token_hex(16))
    with ExitStack() as stack:
        stack.callback(postgres.stop)
        stack.callback(valkey.stop)
        postgres.start()
        valkey.start()
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE ROLE shop LOGIN PASSWORD {}").format(PASSWORD))
            connection.execute("CREATE DATABASE shop OWNER shop")
        address = postgres.url("shop").rpartition("@")[2]
        url = f"postgresql://shop:{PASSWORD}@{address}"
        if migrated:
            upgrade(url, project)
        environment = {
            "ENVIRONMENT": "production",
            "DATABASE_URL": url,
            "REDIS_URL": valkey.url(),
            "AUTH__SECRET_KEY": SECRET,
            "HTTP__ALLOWED_HOSTS": '["127.0.0.1", "localhost", "shop.example.com"]',
            "MAIL__HOST": "127.0.0.1",
            "MAIL__LINKS": "https://shop.example.com",
            "WEB_CONCURRENCY": "1",
        }
        yield Production(project, folder, postgres, valkey, url, environment)
