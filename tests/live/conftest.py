"""The service in separate processes."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from contract import CONTRACT

from ondol.dev.ports import free_port
from ondol.testing.contract import Contract
from ondol.testing.processes import running, wait_until_ready


@pytest.fixture(scope="module")
def contract() -> Contract:
    return CONTRACT


@dataclass(frozen=True)
class Started:
    base: str
    log: Path
    process: "subprocess.Popen[bytes]"


@pytest.fixture
def serve(project_folder: Path, database_url: str, redis_url: str, tmp_path: Path) -> Callable[..., Any]:
    """Start a web server: `with serve(["-m", "gunicorn", "main:app"], WEB_CONCURRENCY="2") as started:`."""

    @contextmanager
    def serve(command: list[str], **environment: str) -> Iterator[Started]:
        port, log = free_port(), tmp_path / "log"
        servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        given = {"ENVIRONMENT": "test", "PORT": str(port), **servers, **environment}
        with running(command, folder=project_folder, environment=given, log=log) as process:
            base = f"http://127.0.0.1:{port}"
            wait_until_ready(base, process, log)
            yield Started(base, log, process)

    return serve
