"""Web and job workers as real processes, for tests that need them."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ondol.dev.ports import free_port
from ondol.dev.processes import die_with_parent

READY_SECONDS = 30.0


@contextmanager
def running(
    arguments: list[str], *, folder: Path, environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python ARGUMENTS` in `folder` until the block ends, or (on Linux) until the test run is killed."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def web_servers(number: int, folder: Path, environment: Mapping[str, str], logs: Path) -> Iterator[list[str]]:
    """Start `number` web processes on free ports, and yield their base URLs when ready. Logs: web0.log, …"""
    with ExitStack() as stack:
        started = []
        for worker in range(number):
            port, log = free_port(), logs / f"web{worker}.log"
            own = {**environment, "PORT": str(port), "WEB_CONCURRENCY": "1"}
            process = stack.enter_context(running(["-m", "ondol.run", "web"], folder=folder, environment=own, log=log))
            started.append((f"http://127.0.0.1:{port}", process, log))
        for base, process, log in started:
            wait_until_ready(base, process, log)
        yield [base for base, _, _ in started]
        for _, process, _ in started:
            process.terminate()  # all at once: each finishes its current requests


def wait_until_ready(base: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait for a 200 of /health/ready. Raises RuntimeError with the end of the log."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{base}/health/ready", timeout=2):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"{base} is not ready:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")
