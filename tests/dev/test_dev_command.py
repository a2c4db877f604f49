"""`ondol dev`: one console for the web server, the job worker and their SQL."""

import json
import urllib.request
from pathlib import Path

import pytest

from ondol.dev.ports import free_port
from ondol.dev.servers import StateFolder
from ondol.testing.processes import running, wait_until_ready
from ondol.testing.waiting import eventually

DEVELOPMENT = {"ENVIRONMENT": "development", "DATABASE_URL": "", "REDIS_URL": ""}


@pytest.mark.whole
def test_web_worker_and_sql_share_a_console_and_are_reloaded(starter_copy: Path, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    jobs = starter_copy / "app" / "services" / "registration.py"

    def said(name: str, text: str) -> bool:
        return any(line.startswith(f"{name:<7} |") and text in line for line in log.read_text().splitlines())

    command = ["-m", "ondol.cli", "dev", "--sql", "--port", str(port)]
    with running(command, folder=starter_copy, environment=DEVELOPMENT, log=log) as process:
        base = f"http://127.0.0.1:{port}"
        wait_until_ready(base, process, log)
        assert said("migrate", "up to date")
        body = json.dumps({"email": "a@example.com"})
        request = urllib.request.Request(
            f"{base}/api/v1/auth/register", body.encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 202
        eventually(lambda: said("sql", "INSERT INTO mailed_tokens") and said("web", "/api/v1/auth/register"), 5)
        assert log.read_text().count("INSERT INTO mailed_tokens") == 1
        jobs.write_text(jobs.read_text() + '\nprint("the worker read this")\n')
        eventually(lambda: said("worker", "the worker read this") and said("web", "the worker read this"), 15)
    assert process.returncode == 0
    eventually(lambda: StateFolder.for_project(starter_copy).keeper() is None, 10)


def test_a_migration_that_does_not_run_is_shown_and_ends_it(starter_copy: Path, tmp_path: Path) -> None:
    (starter_copy / "app" / "settings.py").write_text("def broken(\n")
    log = tmp_path / "log"
    command = ["-m", "ondol.cli", "dev", "--port", str(free_port())]
    with running(command, folder=starter_copy, environment=DEVELOPMENT, log=log) as process:
        assert process.wait(timeout=60) == 1
    lines = log.read_text().splitlines()
    assert any(line.startswith("migrate | SyntaxError") for line in lines)
    assert lines[-1].startswith("ondol: The migrations did not run")
