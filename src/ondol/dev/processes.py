"""Identify processes.

The operating system reuses pids; a pid and a start time together identify one process.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class ProcessIdentity:
    """The pid and start time of a process (clock ticks since boot on Linux, a date elsewhere)."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity | None":
        """Return the running process with this pid, or None if it does not exist or is a zombie."""
        started = _start_time(pid)
        return cls(pid, started) if started is not None else None

    def is_alive(self) -> bool:
        return _start_time(self.pid) == self.started

    def __str__(self) -> str:
        return f"{self.pid}-{self.started}"

    @classmethod
    def parse(cls, text: str) -> "ProcessIdentity":
        """Parse the result of `str()`. Raises ValueError for other text."""
        pid, _, started = text.partition("-")
        return cls(int(pid), started)


if sys.platform == "linux":

    def _start_time(pid: int) -> str | None:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        # The fields after the command, which may contain spaces and parentheses (proc(5)).
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]

    def command_line(pid: int) -> str:
        """Return the command line of a running process, or "" if it cannot be read."""
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""

else:

    def command_line(pid: int) -> str:
        """Return the command line of a running process, or "" if it cannot be read."""
        return _ps(pid, "command")

    def _start_time(pid: int) -> str | None:
        state, _, started = _ps(pid, "stat,lstart").partition(" ")
        return started.strip() if started and "Z" not in state else None

    def _ps(pid: int, fields: str) -> str:
        """Return fields of a process from ps (POSIX; `lstart` is BSD's and macOS's), or "" if it does not exist."""
        asked = ["/bin/ps", "-p", str(pid), *(f"-o{field}=" for field in fields.split(","))]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def current_holder() -> ProcessIdentity:
    """Return the process that should hold a lease for this one.

    Under a reloader or a supervisor (`uvicorn --reload`, `--workers`, `fastapi dev`) child processes come and go;
    the servers are needed until their parent ends.
    """
    multiprocessing = sys.modules.get("multiprocessing.process")
    parent = multiprocessing.parent_process() if multiprocessing else None
    pid = parent.pid if parent is not None and parent.pid is not None else os.getpid()
    identity = ProcessIdentity.of(pid)
    if identity is None:  # the parent has just ended
        identity = ProcessIdentity.of(os.getpid())
    assert identity is not None
    return identity


def die_with_parent(sig: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` that makes the kernel send `sig` to the child when its parent dies, even by kill -9.

    Linux only (prctl(2)); None elsewhere, where `servers.attach` stops servers left over from a dead parent.
    """
    libc = _libc
    if libc is None:
        return None

    parent = os.getpid()

    def set_parent_death_signal() -> None:
        libc.prctl(PR_SET_PDEATHSIG, sig)
        if os.getppid() != parent:  # the parent died before the call
            os._exit(1)

    return set_parent_death_signal
