"""The process that runs the development servers and stops them when no lease is left.

    python -m ondol.dev.keeper FOLDER [--temporary]

`servers.attach` starts it. It is the parent of both servers, and restarts one that dies.
"""

import argparse
import os
import secrets
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from ondol.dev.ports import free_port
from ondol.dev.postgres import PostgresServer
from ondol.dev.processes import ProcessIdentity
from ondol.dev.programs import ServersError, server_user
from ondol.dev.state import Addresses, StateFolder
from ondol.dev.valkey import ValkeyServer

POLL_SECONDS = 0.2
# Long enough for a user's next command, short enough to leave nothing running after a kill -9.
GRACE_SECONDS = 2.0
RESTART_PAUSE_SECONDS = 1.0


class Keeper:
    def __init__(self, state: StateFolder, *, temporary: bool) -> None:
        self._state = state
        self._temporary = temporary
        self._ending = False
        remembered = state.remembered()
        user = server_user()
        database_password = remembered.get("database_password") or secrets.token_urlsafe(24)
        valkey_password = remembered.get("valkey_password") or secrets.token_urlsafe(24)
        database_port = free_port(int(remembered.get("database_port", 0)))
        valkey_port = free_port(int(remembered.get("valkey_port", 0)), but=database_port)
        self._postgres = PostgresServer(
            state.data,
            state.logs / "postgres.log",
            state.copies,
            user=user,
            port=database_port,
            password=database_password,
            fsync=not temporary,
        )
        self._valkey = ValkeyServer(
            state.logs / "valkey.log", state.copies, user=user, port=valkey_port, password=valkey_password
        )
        state.remember(
            {
                "database_password": database_password,
                "valkey_password": valkey_password,
                "database_port": str(database_port),
                "valkey_port": str(valkey_port),
            }
        )

    def start(self) -> None:
        self._valkey.start()
        self._postgres.start()
        self._announce()

    def run(self) -> None:
        """Keep the servers running. Return when they have been stopped and the folder is cleaned up."""
        unused_since: float | None = None
        leave = self._state.path / "leave"
        while True:
            time.sleep(POLL_SECONDS if not leave.exists() else 0.01)
            if not self._state.path.exists():  # the folder was deleted
                self.stop()
                return
            self._restart_the_dead()
            if self._state.live_leases() and not self._ending:
                unused_since = None
                leave.unlink(missing_ok=True)
                continue
            unused_since = unused_since or time.monotonic()
            grace = 0.0 if leave.exists() or self._ending else GRACE_SECONDS
            if time.monotonic() - unused_since >= grace and self._leave(leave):
                return

    def request_end(self, *_: object) -> None:
        self._ending = True

    def stop(self) -> None:
        self._postgres.stop()
        self._valkey.stop()

    def _leave(self, leave: Path) -> bool:
        # Under the lock, a process that attaches now waits, and then starts new servers.
        with self._state.locked():
            if self._state.live_leases() and not self._ending:
                return False
            self.stop()
            leave.unlink(missing_ok=True)
            self._state.forget_run()
            if self._temporary:
                shutil.rmtree(self._state.path, ignore_errors=True)
        return True

    def _restart_the_dead(self) -> None:
        for server in (self._postgres, self._valkey):
            if server.process is not None and server.process.poll() is not None:
                say(f"{type(server).__name__} ended with {server.process.returncode}; starting it again")
                try:
                    server.start()
                    self._announce()
                except Exception as error:  # the other server continues; the next round tries again
                    say(str(error) or repr(error))
                    time.sleep(RESTART_PAUSE_SECONDS)

    def _announce(self) -> None:
        assert self._postgres.process is not None
        assert self._valkey.process is not None
        self._state.write_addresses(
            Addresses(self._postgres.url(), self._valkey.url(), self._postgres.process.pid, self._valkey.process.pid)
        )


def say(text: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {text}\n")
    sys.stderr.flush()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--temporary", action="store_true")
    arguments = parser.parse_args()
    if os.fork():
        return 0
    state = StateFolder(arguments.folder)
    me = ProcessIdentity.of(os.getpid())
    assert me is not None
    state.write_keeper(me)
    keeper: Keeper | None = None
    try:
        keeper = Keeper(state, temporary=arguments.temporary)
        signal.signal(signal.SIGTERM, keeper.request_end)
        keeper.start()
    except Exception as error:  # the waiting process needs a message for any error
        if keeper:
            keeper.stop()
        say(repr(error))
        state.write_failure(
            str(error) if isinstance(error, ServersError) else f"The servers failed to start: {error!r}"
        )
        return 1
    try:
        keeper.run()
    finally:
        keeper.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
