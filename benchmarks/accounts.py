#!/usr/bin/env python3
"""Logging in, and what an authenticated request costs: the starter against Starlette by hand, in one run.

uv run benchmarks/accounts.py
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "starter"), str(ROOT / "starter" / "tests" / "support")]

from generous import lift_limits  # noqa: E402
from load import Measured, measure, request  # noqa: E402
from people import people  # noqa: E402
from sqlalchemy import text  # noqa: E402

from ondol.db.migrations import upgrade  # noqa: E402
from ondol.db.session import SyncDatabase  # noqa: E402
from ondol.dev.ports import free_port  # noqa: E402
from ondol.dev.servers import StateFolder, attached  # noqa: E402
from ondol.testing.contract import FORM, PASSWORD  # noqa: E402
from ondol.testing.processes import running  # noqa: E402

LOGINS, LOGINS_AT_ONCE = 300, 20
REQUESTS, AT_ONCE, ROUNDS = 4_000, 8, 5
TOKEN_PATH = {"starter": "/api/v1/auth/token", "handwritten": "/token"}


def start(stack: ExitStack, name: str, environment: dict[str, str], folder: Path) -> int:
    """One worker process of the application; its port."""
    port = free_port()
    command = ["-m", "uvicorn", f"{name}:app", "--port", str(port), "--no-access-log", "--log-level", "warning"]
    path = os.pathsep.join([str(ROOT / "benchmarks"), str(ROOT / "starter")])
    stack.enter_context(
        running(command, folder=ROOT / "starter", environment={**environment, "PYTHONPATH": path}, log=folder / name)
    )
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/anonymous", timeout=2)
            return port
        except OSError:
            asyncio.run(asyncio.sleep(0.1))
    sys.exit((folder / name).read_text(encoding="utf-8"))


def login_body(address: str) -> bytes:
    return urllib.parse.urlencode({"username": address, "password": PASSWORD}).encode()


def logins(name: str, port: int, addresses: list[str]) -> Measured:
    wanted = [request("POST", TOKEN_PATH[name], {"Content-Type": FORM}, login_body(address)) for address in addresses]
    return asyncio.run(measure(port, wanted, LOGINS_AT_ONCE))


def access_token(name: str, port: int, address: str) -> str:
    url = f"http://127.0.0.1:{port}{TOKEN_PATH[name]}"
    with urllib.request.urlopen(urllib.request.Request(url, login_body(address))) as answer:
        return str(json.load(answer)["access_token"])


def reads(port: int, path: str, headers: dict[str, str]) -> float:
    return asyncio.run(measure(port, [request("GET", path, headers)] * REQUESTS, AT_ONCE)).per_second


def middle(measured: Callable[[], float]) -> float:
    """The median of several rounds, after one that warms up."""
    measured()
    return statistics.median(measured() for _ in range(ROUNDS))


def row(label: str, starter: float, handwritten: float, unit: str) -> None:
    print(f"{label:<46} {starter:>9.1f} {handwritten:>12.1f} {unit:<6} {starter / handwritten:>7.2f}")


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        state = StateFolder.temporary(ROOT / "starter", f"benchmark-{os.getpid()}")
        servers = stack.enter_context(attached(state, temporary=True))
        upgrade(servers.database_url, ROOT / "starter")
        lift_limits()
        environment = {
            "ENVIRONMENT": "test",
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "LOGGING__LEVEL": "WARNING",
        }
        database = SyncDatabase(servers.database_url)
        stack.callback(database.close)
        people(database, LOGINS)
        with database.transaction() as session:
            addresses = list(session.scalars(text("SELECT email FROM users")))
        ports = {name: start(stack, name, environment, folder) for name in ("starter", "handwritten")}

        print(f"{'':<46} {'starter':>9} {'handwritten':>12} {'':<6} {'ratio':>7}")
        found = {name: logins(name, port, addresses) for name, port in ports.items()}
        one, other = found["starter"], found["handwritten"]
        row(f"logins, {LOGINS_AT_ONCE} at once", one.per_second, other.per_second, "/s")
        row("a login, p50", one.percentile(0.5) * 1000, other.percentile(0.5) * 1000, "ms")
        row("a login, p99", one.percentile(0.99) * 1000, other.percentile(0.99) * 1000, "ms")

        speed: dict[str, dict[str, float]] = {}
        for name, port in ports.items():
            headers = {"Authorization": f"Bearer {access_token(name, port, addresses[0])}"}
            speed[name] = {
                "anonymous": middle(lambda port=port: reads(port, "/anonymous", {})),  # type: ignore[misc]
                "authenticated": middle(lambda port=port, headers=headers: reads(port, "/authenticated", headers)),  # type: ignore[misc]
            }
        for kind in ("anonymous", "authenticated"):
            row(f"{kind} requests", speed["starter"][kind], speed["handwritten"][kind], "/s")
        costs = {name: (1 / each["authenticated"] - 1 / each["anonymous"]) * 1e6 for name, each in speed.items()}
        row("authenticating costs, a request", costs["starter"], costs["handwritten"], "µs")


if __name__ == "__main__":
    main()
