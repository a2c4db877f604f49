"""A test run leaves no process, port or file behind: after it ends, after Ctrl-C, and after kill -9."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from ondol.dev.processes import ProcessIdentity
from ondol.dev.servers import StateFolder

pytestmark = pytest.mark.whole

RUN = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/service/test_problems.py", "-k", "health"]


def outside() -> set[str]:
    """Return the files in folders outside the checkout that a test run could use."""
    return {str(path) for folder in (tempfile.gettempdir(), "/dev/shm", "/var/lib/ondol") for path in listing(folder)}


def listing(folder: str) -> list[Path]:
    path = Path(folder)
    return [*path.glob("*ondol*"), *path.glob("pytest-of-*/*"), *path.glob("PostgreSQL*")] if path.is_dir() else []


@pytest.mark.parametrize(
    ("ending", "workers"),
    [
        pytest.param("normal", [], id="normal"),
        pytest.param("kill -9", [], id="kill -9"),
        pytest.param("ctrl-c", ["-n", "2"], id="ctrl-c with xdist", marks=pytest.mark.whole),
        pytest.param("kill -9", ["-n", "2"], id="kill -9 with xdist", marks=pytest.mark.whole),
    ],
)
def test_nothing_is_left(pytestconfig: pytest.Config, project_folder: Path, ending: str, workers: list[str]) -> None:
    before = outside()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ONDOL_", "PYTEST_"))}
    process = subprocess.Popen(
        [sys.executable, *RUN, *workers],
        cwd=pytestconfig.rootpath,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    state = StateFolder.temporary(project_folder, str(ProcessIdentity.of(process.pid)))
    deadline = time.monotonic() + 60
    while (addresses := state.addresses()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    keeper, postgres = state.keeper(), ProcessIdentity.of(addresses.postgres_pid)
    assert keeper is not None
    assert postgres is not None
    if ending == "ctrl-c":
        os.killpg(process.pid, signal.SIGINT)
    if ending == "kill -9":
        process.kill()
    process.wait(timeout=300)
    patience = 10.0 if ending == "kill -9" else 0.5
    deadline = time.monotonic() + patience
    while (keeper.is_alive() or postgres.is_alive() or state.path.exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not keeper.is_alive()
    assert not postgres.is_alive()
    assert not state.path.exists()
    assert outside() <= before
    if ending == "normal":
        assert process.returncode == 0
