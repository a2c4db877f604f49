"""SIGTERM ends a process without a failed request."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest
from app.scopes import Role
from people import people
from production_rig import GUNICORN, UVICORN, Production
from steady_load import AUTH, Load

from ondol.dev.ports import free_port

pytestmark = pytest.mark.whole

RESTARTS = 10


@pytest.mark.parametrize(("command", "drain"), [(UVICORN, 2.0), (GUNICORN, 4.0)], ids=["uvicorn", "gunicorn"])
async def test_a_request_under_way_ends_and_new_ones_are_refused(
    prod: Production, command: Sequence[str], drain: float
) -> None:
    database = prod.database
    [admin] = people(database, 1, Role.ADMIN, auth=AUTH)
    database.close()
    with prod.web(
        "leaving",
        command=command,
        WEB_CONCURRENCY="2",
        HTTP__DRAIN_SECONDS=str(drain),
        HTTP__GRACE_SECONDS="3",
        DATABASE__LOCK_TIMEOUT_SECONDS="10",
    ) as web:
        async with httpx2.AsyncClient(base_url=web.base, headers=admin, timeout=20) as client:
            made = await client.post("/api/v1/products", json={"name": "n", "price": "1"})
            url = f"/api/v1/products/{made.json()['id']}"
            with psycopg.connect(prod.database_url) as other:
                # The row is locked for two seconds, so the request takes two seconds.
                other.execute("SELECT 1 FROM products WHERE id = %s FOR UPDATE", [made.json()["id"]])
                slow = asyncio.create_task(client.patch(url, json={"stock": 7}))
                await asyncio.sleep(0.3)
                web.process.terminate()
                began = time.monotonic()
                ready = [await client.get("/health/ready") for _ in range(5)]
                while {answer.status_code for answer in ready} != {503}:
                    assert time.monotonic() - began < 1
                    ready = [await client.get("/health/ready") for _ in range(5)]
                assert {answer.json()["status"] for answer in ready} == {"draining"}
                assert (await client.get(url)).headers["Connection"] == "close"
                # One second after the drain: this request ends within the grace period.
                await asyncio.sleep(max(0.0, began + drain + 1.0 - time.monotonic()))
            answer = await slow
        assert (answer.status_code, answer.json()["stock"]) == (200, 7)
        async with httpx2.AsyncClient(base_url=web.base) as late:
            # uvicorn's supervisor keeps the socket until its processes have ended: the connection is reset.
            with pytest.raises((httpx2.ConnectError, httpx2.ReadError)):
                await late.get(url)
        web.process.wait(timeout=9)
        assert drain + 1 < time.monotonic() - began < drain + 3 + 2


@contextmanager
def balancer(folder: Path, ports: Sequence[int]) -> Iterator[str]:
    """Run HAProxy in front of `ports`. It checks readiness three times a second and never retries."""
    program = shutil.which("haproxy")
    assert program, "install HAProxy (Debian: apt-get install haproxy)"
    port = free_port()
    servers = "\n".join(f"  server s{i} 127.0.0.1:{port} check" for i, port in enumerate(ports))
    (folder / "haproxy.cfg").write_text(f"""
defaults
  mode http
  timeout connect 1s
  timeout check 2s
  timeout client 30s
  timeout server 30s
  retries 0
frontend entrance
  bind 127.0.0.1:{port}
  default_backend instances
backend instances
  option httpchk GET /health/ready
  default-server inter 300ms fall 2 rise 1
{servers}
""")
    process = subprocess.Popen([program, "-f", str(folder / "haproxy.cfg")], stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("command", [UVICORN, GUNICORN], ids=["uvicorn", "gunicorn"])
def test_rolling_restarts_fail_no_request(prod: Production, command: Sequence[str]) -> None:
    ports = [free_port(), free_port()]

    def instance(which: int) -> ExitStack:
        stack = ExitStack()
        stack.enter_context(prod.web(f"rolling{which}", port=ports[which], command=command))
        return stack

    with balancer(prod.folder, ports) as entrance:
        instances = [instance(0), instance(1)]
        try:
            while httpx2.get(f"{entrance}/health/ready").status_code != 200:
                time.sleep(0.1)
            with Load(prod, [entrance], clients=50).running() as outcome:
                for restart in range(RESTARTS):
                    instances[restart % 2].close()
                    instances[restart % 2] = instance(restart % 2)
                    time.sleep(1)  # time for the balancer to see it before the other one ends
        finally:
            for stack in instances:
                stack.close()
    assert (outcome.broken, outcome.refusals, outcome.unexpected) == ({}, {}, [])
    assert set(outcome.answers) == {200, 201}
    assert sum(outcome.answers.values()) > 1_000
    assert prod.logged("unhandled_error") == []
