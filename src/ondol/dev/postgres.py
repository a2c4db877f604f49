"""A PostgreSQL server for development: initdb, start, stop."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from ondol.dev.processes import ProcessIdentity, command_line, die_with_parent
from ondol.dev.programs import (
    ServersError,
    ServerUser,
    major_version,
    popen_arguments,
    postgres_folder,
    within_reach,
)

SUPERUSER = "ondol"
DATABASE = "ondol"
READY_SECONDS = 40.0


class PostgresServer:
    """PostgreSQL on 127.0.0.1 with a password. A socket's path could exceed its 107 bytes, and `trust` would admit
    every local user."""

    def __init__(
        self,
        data: Path,
        log: Path,
        copies: Path,
        *,
        user: ServerUser | None,
        port: int,
        password: str,
        fsync: bool,
    ) -> None:
        self._data, self._log, self._user = data, log, user
        self._port, self._password, self._fsync = port, password, fsync
        self._programs = within_reach(postgres_folder() / "postgres", user, copies).parent
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{SUPERUSER}:{quote(self._password, safe='')}@127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        """Start the server and wait until it accepts connections. Raises ServersError."""
        self._check_version()
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        self._stop_left_over()
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    str(self._programs / "postgres"), "-D", str(self._data),
                    "-c", f"port={self._port}",
                    "-c", "listen_addresses=127.0.0.1",
                    "-c", "unix_socket_directories=",
                    "-c", "max_connections=200",
                    "-c", f"fsync={'on' if self._fsync else 'off'}",
                    "-c", f"full_page_writes={'on' if self._fsync else 'off'}",
                    "-c", "logging_collector=off",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                # SIGINT is PostgreSQL's fast shutdown.
                preexec_fn=die_with_parent(signal.SIGINT),  # noqa: PLW1509  (the keeper has one thread)
                **popen_arguments(self._user),  # type: ignore[call-overload]
            )  # fmt: skip
        self._wait_until_ready()

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT if self._fsync else signal.SIGQUIT)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _check_version(self) -> None:
        version_file = self._data / "PG_VERSION"
        if not version_file.exists():
            return
        on_disk, installed = (
            version_file.read_text(encoding="utf-8").strip(),
            major_version(self._programs / "postgres"),
        )
        if on_disk != str(installed):
            raise ServersError(
                f"The data in {self._data} was written by PostgreSQL {on_disk}, and PostgreSQL {installed} is "
                f"installed. Nothing was changed. Install PostgreSQL {on_disk} on PATH to read it, or move the folder "
                "away to start with an empty database."
            )

    def _initialise(self) -> None:
        # initdb into a sibling folder, then rename: a crash in between leaves no partial data folder.
        fresh = self._data.with_name("postgres-new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password_file = self._data.with_name("postgres-password")
        password_file.touch(mode=0o600)
        password_file.write_text(self._password, encoding="utf-8")
        if self._user:
            os.chown(fresh, self._user.uid, self._user.gid)
            os.chown(password_file, self._user.uid, self._user.gid)
        # libc's ctype instead of the C locale, because pg_trgm needs it to see letters in Hangul.
        ctype = "UTF-8" if sys.platform == "darwin" else "C.UTF-8"
        try:
            finished = subprocess.run(
                [
                    str(self._programs / "initdb"), "-D", str(fresh), "-U", SUPERUSER,
                    "--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8",
                    "--locale=C", f"--lc-ctype={ctype}", *([] if self._fsync else ["--no-sync"]),
                ],
                check=False,
                capture_output=True,
                encoding="utf-8",
                cwd="/",
                **popen_arguments(self._user),  # type: ignore[call-overload]
            )  # fmt: skip
        finally:
            password_file.unlink(missing_ok=True)
        if finished.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            reason = (finished.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise ServersError(f"PostgreSQL could not create its data folder {self._data}: {reason}")
        fresh.rename(self._data)

    def _stop_left_over(self) -> None:
        """Stop a server that outlived its keeper (possible where the kernel has no parent-death signal)."""
        try:
            pid = int((self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        except (OSError, ValueError, IndexError):
            return
        process = ProcessIdentity.of(pid)
        # The pid in a stale file may belong to another process by now, even another PostgreSQL.
        if process is None or f"-D {self._data} " not in command_line(pid) + " ":
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 10
        while process.is_alive() and time.monotonic() < deadline:
            time.sleep(0.05)

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ServersError(f"PostgreSQL ended while starting: {self._last_words()}")
            try:
                with psycopg.connect(self.url("postgres"), connect_timeout=2, autocommit=True) as connection:
                    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                    if not found:
                        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise ServersError(f"PostgreSQL did not answer within {READY_SECONDS:.0f} s: {self._last_words()}")

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        fatal = [line for line in lines[-20:] if "FATAL" in line or "could not" in line]
        return f"{(fatal or lines or ['no output'])[-1]} ({self._log})"
