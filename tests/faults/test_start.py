"""Production refuses unsafe settings, hides documentation, and reports startup errors."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx2
import psycopg
import pytest
from production_rig import GUNICORN, PASSWORD, UVICORN, Production

from ondol.dev.ports import free_port
from ondol.testing.processes import running, wait_until_ready

pytestmark = pytest.mark.whole

WEAK = {
    "ENVIRONMENT": "production",
    "AUTH__SECRET_KEY": "changethis-changethis-changethis-changethis",
    "DATABASE_URL": "postgresql://shop:ChangeMe@127.0.0.1:1/shop_dev",
    "HTTP__CORS_ORIGINS": '["*"]',
    "DEBUG": "true",
}
SENTENCES = [
    "AUTH__SECRET_KEY can be guessed",
    "DEBUG must be off",
    "HTTP__ALLOWED_HOSTS must name the hosts",
    "HTTP__CORS_ORIGINS must name the origins",
    "REDIS_URL must be set",
    "DATABASE_URL points to a development database",
    "DATABASE_URL contains a well-known password",
    "MAIL__HOST must be set",
    "MAIL__LINKS must be the https URL",
]


def test_a_valkey_in_cluster_mode_is_refused(prod: Production) -> None:
    prod.valkey.stop()
    nodes = Path(f"/tmp/nodes-{os.getpid()}.conf")
    bus = f"cluster-port {free_port()}"
    prod.valkey.start("cluster-enabled yes", "databases 1", f"cluster-config-file {nodes}", bus)
    try:
        assert "REDIS_URL points to a Valkey in cluster mode" in prod.failed_start()
    finally:
        nodes.unlink(missing_ok=True)
        prod.valkey.stop()
        prod.valkey.start()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (UVICORN, 1),
        (GUNICORN, 1),
        (("-m", "uvicorn", "main:app"), 1),
        (("-m", "uvicorn", "main:app", "--workers", "2"), None),  # it exits with the code of uvicorn's supervisor
        (("-m", "ondol.run", "worker"), 1),
        (("-m", "ondol.run", "migrate"), 1),
        (("-m", "ondol.cli", "serve"), 1),
        (("-m", "ondol.cli", "db", "upgrade"), 1),
    ],
)
def test_weak_settings_stop_the_start_with_a_sentence_each(
    prod: Production, command: Sequence[str], code: int | None
) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in prod.environment}
    finished = subprocess.run(
        [sys.executable, *command], cwd=prod.project, env={**clean, **WEAK}, capture_output=True, text=True, timeout=30
    )
    assert code is None or finished.returncode == code
    for sentence in SENTENCES:
        assert finished.stderr.count(sentence) >= 1, finished.stderr
    assert "Traceback" not in finished.stderr
    assert "ChangeMe" not in finished.stderr + finished.stdout
    assert "changethis" not in finished.stderr + finished.stdout


@pytest.mark.parametrize(
    ("command", "warns"),
    [(("-m", "uvicorn", "main:app"), True), (UVICORN, False), (GUNICORN, False)],
    ids=["plain uvicorn", "serve", "gunicorn"],
)
def test_a_server_without_limits_is_named(prod: Production, command: Sequence[str], warns: bool) -> None:
    """uvicorn's own protocol allows request smuggling (docs/en/explain/security.md)."""
    port, name = free_port(), f"server-{command[1]}"
    options = ["--port", str(port)] if warns else []
    with prod.web(name, port=port, command=[*command, *options]):
        assert ("server_without_limits" in prod.log(name).read_text()) is warns


def test_docs_are_closed_unless_opened(prod: Production) -> None:
    pages = (
        "/docs",
        "/openapi.json",
        "/docs-assets/swagger-ui.css",
        "/",
        "/dev/mailbox",
        "/dev/links/change-email",
        "/metrics",
    )
    with prod.web() as web:
        assert {httpx2.get(f"{web.base}{page}").status_code for page in pages} == {404}
    with prod.web(HTTP__DOCS="true") as web:
        assert {httpx2.get(f"{web.base}{page}").status_code for page in pages[:3]} == {200}


def test_hosts_are_checked_but_not_for_the_health_of_a_load_balancer(prod: Production) -> None:
    with prod.web() as web:
        for path, host, status in (
            ("/api/v1/products", "shop.example.com", 200),
            ("/api/v1/products", "evil.example.com", 400),
            ("/health/live", "10.0.0.7", 200),
            ("/health/ready", "10.0.0.7", 200),
            ("/health/live/", "10.0.0.7", 400),
        ):
            assert httpx2.get(f"{web.base}{path}", headers={"Host": host}).status_code == status, (path, host)


def test_a_forced_exception_is_a_problem_and_its_trace_is_in_the_log_alone(prod: Production) -> None:
    with prod.web("broken") as web, psycopg.connect(prod.database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE products RENAME COLUMN stock TO gone")
        try:
            answer = httpx2.get(f"{web.base}/api/v1/products")
        finally:
            connection.execute("ALTER TABLE products RENAME COLUMN gone TO stock")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (500, "internal_error")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not any(word in answer.text for word in ("Traceback", "File ", "UndefinedColumn", "stock"))
    [line] = [json.loads(line) for line in prod.logged("unhandled_error")]
    assert line["request_id"] == problem["request_id"] == answer.headers["X-Request-ID"]
    assert "UndefinedColumn" in line["exception"]
    prod.log("broken").unlink()


def test_a_process_that_starts_while_postgresql_is_away_waits_for_it(prod: Production) -> None:
    prod.postgres.stop()
    port = free_port()
    log = prod.log("early")
    environment = {**prod.environment, "PORT": str(port)}
    with running(list(UVICORN), folder=prod.project, environment=environment, log=log) as process:
        while not prod.logged("waiting_for_postgresql"):
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        prod.postgres.start()
        wait_until_ready(f"http://127.0.0.1:{port}", process, log)


def test_a_wrong_password_is_not_waited_for(prod: Production) -> None:
    said = prod.failed_start(DATABASE_URL=prod.database_url.replace(PASSWORD, "not-the-password-9"))
    assert "check DATABASE_URL" in said
    assert "not-the-password-9" not in said
