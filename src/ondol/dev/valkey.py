"""A Valkey server for development. It holds only data that may be lost, so it writes nothing to disk."""

import signal
import socket
import subprocess
import time
from pathlib import Path

from ondol.dev.processes import die_with_parent
from ondol.dev.programs import ServersError, ServerUser, popen_arguments, valkey_program, within_reach

READY_SECONDS = 20.0


class ValkeyServer:
    """Valkey on 127.0.0.1 with a password, passed on standard input so that `ps` does not show it."""

    def __init__(self, log: Path, copies: Path, *, user: ServerUser | None, port: int, password: str) -> None:
        self._program = within_reach(valkey_program(), user, copies)
        self._log, self._user, self._port, self._password = log, user, port, password
        self.process: subprocess.Popen[bytes] | None = None

    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def start(self, *settings: str) -> None:
        """Start the server and wait until it answers. `settings`: more lines of configuration. Raises ServersError."""
        configuration = "\n".join(
            [
                f"port {self._port}",
                "bind 127.0.0.1",
                f"requirepass {self._password}",
                'save ""',
                "appendonly no",
                "daemonize no",
                "databases 64",
                "maxmemory 256mb",
                "maxmemory-policy allkeys-lru",
                "dir /tmp",
                *settings,
            ]
        )
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(self._program), "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd="/",
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509  (the keeper has one thread)
                **popen_arguments(self._user),  # type: ignore[call-overload]
            )
        assert self.process.stdin is not None
        self.process.stdin.write(configuration.encode())
        self.process.stdin.close()
        self._wait_until_ready()

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=3)
        except subprocess.TimeoutExpired:  # also when it was stopped with SIGSTOP
            self.process.kill()
            self.process.wait()

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                raise ServersError(f"Valkey ended while starting: {(lines or ['no output'])[-1]} ({self._log})")
            if self._answers():
                return
            time.sleep(0.02)
        raise ServersError(f"Valkey did not answer within {READY_SECONDS:.0f} s ({self._log}).")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                return b"PONG" in connection.recv(64) or b"PONG" in connection.recv(64)
        except OSError:
            return False
