"""Real PostgreSQL and Valkey for development and tests, without Docker.

`attach()` returns the addresses of the servers of a folder, and starts them if they do not run. A small keeper process
(keeper.py) runs them instead of their first user, so that the end of one user (even by kill -9) does not affect the
others. Each user holds a lease, a file named by its pid and start time. After the last lease the servers stop.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ondol.dev.processes import ProcessIdentity, current_holder
from ondol.dev.programs import ServersError
from ondol.dev.state import Addresses, StateFolder

__all__ = ["ServersError", "StateFolder", "attach", "attached"]

START_SECONDS, KEEPER_SECONDS = 60.0, 5.0
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Attachment:
    """A lease on running servers. It ends with `release()` or with its holder."""

    state: StateFolder
    holder: ProcessIdentity
    addresses: Addresses

    @property
    def database_url(self) -> str:
        return self.addresses.database_url

    @property
    def redis_url(self) -> str:
        return self.addresses.redis_url

    def release(self) -> None:
        """End the lease, and wait until the servers have stopped unless others use them."""
        keeper = self.state.keeper()
        self.state.lease(self.holder).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):  # the keeper of a temporary folder removes it last
            (self.state.path / "leave").touch()
        deadline = time.monotonic() + STOP_SECONDS
        while keeper is not None and keeper.is_alive() and not self._others() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _others(self) -> list[ProcessIdentity]:
        try:
            return self.state.live_leases()
        except FileNotFoundError:
            return []


def attach(state: StateFolder, *, holder: ProcessIdentity | None = None, temporary: bool = False) -> Attachment:
    """Take a lease on the servers of `state`, starting them if they do not run.

    `temporary` is for tests: no fsync, and the folder is removed after the last lease.
    Blocks for about a second if the servers must start. Raises ServersError.
    """
    state.create()
    holder = holder or current_holder()
    with state.locked():
        state.lease(holder).touch()
        try:
            if state.keeper() is None:
                state.forget_run()
                state.take_over()
                _start_keeper(state, temporary=temporary)
            return Attachment(state, holder, _wait_for_addresses(state))
        except ServersError:
            state.lease(holder).unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def attached(state: StateFolder, *, temporary: bool = False) -> Iterator[Attachment]:
    """Attach to the servers for a with block."""
    attachment = attach(state, temporary=temporary)
    try:
        yield attachment
    finally:
        attachment.release()


def _start_keeper(state: StateFolder, *, temporary: bool) -> None:
    with (state.logs / "keeper.log").open("a", encoding="utf-8") as log:
        # Returns at once: the keeper forks, so that this process need not reap it.
        subprocess.run(
            [sys.executable, "-m", "ondol.dev.keeper", str(state.path), *(["--temporary"] if temporary else [])],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # A separate session: Ctrl-C in the terminal must end the users of the servers, not the servers.
            start_new_session=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(_import_path())},
        )


def _import_path() -> list[str]:
    return [
        str(Path(__file__).resolve().parents[2]),
        *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)),
    ]


def _wait_for_addresses(state: StateFolder) -> Addresses:
    deadline = time.monotonic() + START_SECONDS
    began = time.monotonic()
    while time.monotonic() < deadline:
        if failure := state.failure():
            raise ServersError(failure)
        if addresses := state.addresses():
            return addresses
        if time.monotonic() - began > KEEPER_SECONDS and state.keeper() is None:
            break
        time.sleep(0.02)
    raise ServersError(f"The development servers did not start. See their logs in {state.logs}.")
