"""SIGTERM and SIGINT end processes that wait for PostgreSQL, and processes that stream events."""

import signal
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from production_rig import GUNICORN, UVICORN, Production

from ondol.dev.ports import free_port
from ondol.testing.processes import running, wait_until_ready

pytestmark = pytest.mark.whole

PLAIN = ("-m", "uvicorn", "main:app")
WORKER = ("-m", "ondol.run", "worker")
SIGNALS = [signal.SIGTERM, signal.SIGINT]
EVENTS = """

import asyncio

from fastapi.responses import StreamingResponse


@app.get("/events")
async def events() -> StreamingResponse:
    async def ticks():
        while True:
            yield "data: tick\\n\\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(ticks(), media_type="text/event-stream")
"""


@pytest.mark.parametrize("number", SIGNALS, ids=["term", "int"])
@pytest.mark.parametrize(
    ("command", "workers"),
    [(UVICORN, 1), (UVICORN, 2), (GUNICORN, 1), (PLAIN, 1), (WORKER, 1)],
    ids=["uvicorn", "two workers", "gunicorn", "plain uvicorn", "worker"],
)
def test_a_process_that_waits_for_postgresql_ends(
    prod: Production, command: Sequence[str], workers: int, number: signal.Signals
) -> None:
    # A separate log, so that the output of another process does not look like this one waiting.
    log = prod.log(f"waiting{'-'.join(command)}-{workers}-{number.name}")
    environment = {**prod.environment, "PORT": str(free_port()), "WEB_CONCURRENCY": str(workers)}
    prod.postgres.stop()
    try:
        with running(list(command), folder=prod.project, environment=environment, log=log) as process:
            while log.read_text().count("waiting_for_postgresql") < workers:
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            process.send_signal(number)
            process.wait(timeout=8)
    finally:
        prod.postgres.start()
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("number", SIGNALS, ids=["term", "int"])
@pytest.mark.parametrize(
    ("command", "workers"),
    [(UVICORN, 1), (UVICORN, 2), (GUNICORN, 1), (PLAIN, 1)],
    ids=["uvicorn", "two workers", "gunicorn", "plain uvicorn"],
)
def test_an_event_stream_ends_with_the_process(
    prod: Production, starter_copy: Path, command: Sequence[str], workers: int, number: signal.Signals
) -> None:
    name = f"streaming{'-'.join(command)}-{workers}-{number.name}"
    changed = prod.with_lines(starter_copy, EVENTS)
    port = free_port()
    options = ["--port", str(port)] if command is PLAIN else []
    with changed.web(name, port=port, command=[*command, *options], WEB_CONCURRENCY=str(workers)) as web:
        with httpx2.stream("GET", f"{web.base}/events", timeout=20) as stream:
            lines = stream.iter_lines()
            assert next(lines) == "data: tick"
            web.process.send_signal(number)
            began = time.monotonic()
            rest = list(lines)  # raises if the stream is cut
            assert time.monotonic() - began < 3
        assert rest
        web.process.wait(timeout=8)
    said = prod.log(name).read_text()
    assert "Traceback" not in said
    assert "without completing response" not in said


SLOW = """

import asyncio

from fastapi import Depends
from ondol.db.commit import before_commit
from ondol.web.unit_of_work import Transaction

TOLD = []
app.state.runtime.drain.when_begun(lambda: print("the project was told", flush=True))


@app.get("/slow")
async def slow() -> str:
    await asyncio.sleep(60)
    return "slow"


@app.post("/slow-commit")
async def slow_commit(work: Transaction) -> str:
    async def wait(session):
        await asyncio.sleep(4)

    before_commit(work.session, wait)
    return "slow"
"""


@pytest.mark.parametrize("command", [UVICORN, GUNICORN], ids=["uvicorn", "gunicorn"])
def test_a_request_beyond_the_grace_is_told_so(prod: Production, starter_copy: Path, command: Sequence[str]) -> None:
    name = f"beyond{command[1]}"
    changed = prod.with_lines(starter_copy, SLOW)
    with (
        changed.web(name, command=command, HTTP__GRACE_SECONDS="2", HTTP__DRAIN_SECONDS="1") as web,
        ThreadPoolExecutor(2) as threads,
    ):
        read = threads.submit(httpx2.get, f"{web.base}/slow", timeout=20)
        write = threads.submit(httpx2.post, f"{web.base}/slow-commit", timeout=20)
        time.sleep(0.5)
        web.process.terminate()
        cut = read.result()
        # gunicorn kills a process that takes a second longer than the grace period.
        committed = write.result() if command is UVICORN else None
        web.process.wait(timeout=10)
    assert (cut.status_code, cut.json()["code"], cut.headers["Retry-After"]) == (503, "timed_out", "1")
    if committed is not None:
        assert (committed.status_code, committed.json()["code"]) == (503, "outcome_unknown")
        assert "Retry-After" not in committed.headers
    said = prod.log(name).read_text()
    assert "the project was told" in said
    assert "Exception in ASGI application" not in said


def test_six_workers_come_up_where_importing_is_slow(prod: Production, starter_copy: Path) -> None:
    """uvicorn's supervisor would treat a worker that is still importing as hung."""
    main = starter_copy / "main.py"
    main.write_text("import time\n\ntime.sleep(6)\n" + main.read_text())
    log, port = prod.log("slow-import"), free_port()
    environment = {**prod.environment, "PORT": str(port), "WEB_CONCURRENCY": "6", "PYTHONDONTWRITEBYTECODE": "1"}
    for cache in starter_copy.rglob("__pycache__"):
        for file in cache.iterdir():
            file.unlink()
    with running(list(UVICORN), folder=starter_copy, environment=environment, log=log) as process:
        deadline = time.monotonic() + 60
        while log.read_text().count('"started"') < 6:
            assert process.poll() is None
            assert time.monotonic() < deadline, log.read_text()[-3_000:]
            time.sleep(0.1)
        wait_until_ready(f"http://127.0.0.1:{port}", process, log)
        assert "died" not in log.read_text()
