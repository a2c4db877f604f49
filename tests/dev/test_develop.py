"""`uvicorn main:app --reload`, as in the guide, and `fastapi dev` work in a fresh project without other steps."""

import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from ondol.dev.ports import free_port
from ondol.dev.processes import ProcessIdentity
from ondol.dev.servers import StateFolder
from ondol.testing.processes import running, wait_until_ready

pytestmark = pytest.mark.whole

UVICORN = ["-m", "uvicorn", "main:app", "--reload"]
FASTAPI = ["-m", "fastapi", "dev"]
DEVELOPMENT = {"ENVIRONMENT": "development", "DATABASE_URL": "", "REDIS_URL": ""}


def title(base: str) -> str:
    try:
        with urllib.request.urlopen(f"{base}/openapi.json", timeout=5) as answer:
            return str(json.load(answer)["info"]["title"])
    except (urllib.error.URLError, OSError):
        return ""


def until(check: Callable[[], bool], seconds: float) -> float:
    started = time.monotonic()
    while not check():
        assert time.monotonic() - started < seconds
        time.sleep(0.05)
    return time.monotonic() - started


@pytest.mark.parametrize("command", [UVICORN, FASTAPI], ids=["uvicorn", "fastapi dev"])
def test_a_saved_edit_is_served_within_three_seconds(starter_copy: Path, tmp_path: Path, command: list[str]) -> None:
    port, log = free_port(), tmp_path / "log"
    arguments = [*command, "--port", str(port)]
    with running(arguments, folder=starter_copy, environment=DEVELOPMENT, log=log) as process:
        base = f"http://127.0.0.1:{port}"
        wait_until_ready(base, process, log)
        with urllib.request.urlopen(f"{base}/docs", timeout=5) as page:
            assert page.status == 200
        servers = StateFolder.for_project(starter_copy).addresses()
        factory = starter_copy / "app" / "factory.py"
        factory.write_text(factory.read_text().replace('title="Ondol starter"', 'title="edited"'))
        until(lambda: title(base) == "edited", 3)
        assert StateFolder.for_project(starter_copy).addresses() == servers  # a reload restarts no server
    state = StateFolder.for_project(starter_copy)
    until(lambda: state.keeper() is None, 10)


@pytest.mark.whole
def test_two_run_side_by_side_and_one_survives_the_other(starter_copy: Path, tmp_path: Path) -> None:
    ports = free_port(), free_port()
    logs = tmp_path / "one", tmp_path / "two"
    first = running([*UVICORN, "--port", str(ports[0])], folder=starter_copy, environment=DEVELOPMENT, log=logs[0])
    second = running([*UVICORN, "--port", str(ports[1])], folder=starter_copy, environment=DEVELOPMENT, log=logs[1])
    with first as one:
        wait_until_ready(f"http://127.0.0.1:{ports[0]}", one, logs[0])
        with second as two:
            base = f"http://127.0.0.1:{ports[1]}"
            wait_until_ready(base, two, logs[1])
            os.killpg(one.pid, 9)
            one.wait()
            time.sleep(4)  # longer than the keeper's grace
            with urllib.request.urlopen(f"{base}/api/v1/products", timeout=5) as answer:
                assert answer.status == 200
    state = StateFolder.for_project(starter_copy)
    until(lambda: state.keeper() is None, 10)


def test_the_first_answer_comes_within_three_seconds_of_the_start(
    project_folder: Path, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "log"
    environment = {"ENVIRONMENT": "test", "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    started = time.monotonic()
    arguments = ["-m", "uvicorn", "main:app", "--port", str(port)]
    with running(arguments, folder=project_folder, environment=environment, log=log) as process:
        wait_until_ready(f"http://127.0.0.1:{port}", process, log)
        assert time.monotonic() - started < 3
        assert re.search("Application startup complete", log.read_text())
        assert ProcessIdentity.of(process.pid) is not None
