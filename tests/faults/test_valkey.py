"""Valkey is killed and paused under load."""

import signal
import statistics
import time
from contextlib import ExitStack

import httpx2
import pytest
from production_rig import Production
from steady_load import Load

from ondol.testing.waiting import eventually

pytestmark = pytest.mark.whole

RECOVERY_SECONDS = 2.0


def state(base: str) -> str:
    return str(httpx2.get(f"{base}/health/ready").json()["status"])


def recovers(base: str) -> None:
    eventually(lambda: state(base) == "ok", RECOVERY_SECONDS)


def test_valkey_killed_under_load(prod: Production) -> None:
    with ExitStack() as stack:
        webs = [stack.enter_context(prod.web(f"killed{number}")) for number in range(2)]
        with Load(prod, [web.base for web in webs], clients=20).running() as outcome:
            for _ in range(5):
                time.sleep(1)
                prod.valkey.process.kill()  # type: ignore[union-attr]
                prod.valkey.process.wait()  # type: ignore[union-attr]
                time.sleep(1)
                assert [state(web.base) for web in webs] == ["degraded", "degraded"]
                prod.valkey.start()
                for web in webs:
                    recovers(web.base)
    # Not even requests in progress fail: reads go to PostgreSQL.
    assert (outcome.broken, outcome.refusals, outcome.unexpected) == ({}, {}, [])
    assert set(outcome.answers) == {200, 201}
    assert prod.logged("unhandled_error") == []


def test_a_slow_valkey_costs_a_read_half_a_second_at_most(prod: Production) -> None:
    with prod.web("hung") as web:
        load = Load(prod, [web.base], clients=1)
        url = f"/api/v1/products/{load.product_ids[0]}"
        with httpx2.Client(base_url=web.base, timeout=10) as client:

            def duration() -> float:
                started = time.monotonic()
                assert client.get(url).status_code == 200
                return time.monotonic() - started

            usual = statistics.median(duration() for _ in range(50))
            prod.valkey.process.send_signal(signal.SIGSTOP)  # type: ignore[union-attr]
            try:
                slow = [duration() for _ in range(100)]
            finally:
                prod.valkey.process.send_signal(signal.SIGCONT)  # type: ignore[union-attr]
            recovers(web.base)
    # Valkey's timeout is 0.5 s; then the value is read from PostgreSQL as usual.
    assert max(slow) < usual + 0.5 + 0.05
    # The circuit breaker: only the first requests wait for the timeout.
    assert sum(one > usual + 0.05 for one in slow) <= 3
