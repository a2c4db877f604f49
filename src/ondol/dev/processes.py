"""Who a process is, beyond its pid.

A pid alone is reused by the operating system; with its start time it names one process for ever.
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
    """A process, as its pid and its start time (clock ticks since boot on Linux, a date elsewhere)."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity | None":
        """The running process with this pid; None if there is none, or only a zombie."""
        started = _start_time(pid)
        return cls(pid, started) if started is not None else None

    def is_alive(self) -> bool:
        return _start_time(self.pid) == self.started

    def __str__(self) -> str:
        return f"{self.pid}-{self.started}"

    @classmethod
    def parse(cls, text: str) -> "ProcessIdentity":
        """The inverse of `str()`. Raises ValueError for anything else."""
        pid, _, started = text.partition("-")
        return cls(int(pid), started)


if sys.platform == "linux":

    def _start_time(pid: int) -> str | None:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        # Fields after the command, which may itself hold spaces and parentheses (proc(5)).
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]

    def command_line(pid: int) -> str:
        """The command of a running process; empty if it cannot be read."""
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""

else:

    def command_line(pid: int) -> str:
        """The same."""
        return _ps(pid, "command")

    def _start_time(pid: int) -> str | None:
        state, _, started = _ps(pid, "stat,lstart").partition(" ")
        return started.strip() if started and "Z" not in state else None

    def _ps(pid: int, fields: str) -> str:
        """What ps (POSIX; `lstart` is BSD's and macOS's) says of a process; empty if there is none."""
        asked = ["/bin/ps", "-p", str(pid), *(f"-o{field}=" for field in fields.split(","))]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def current_holder() -> ProcessIdentity:
    """The process that should hold a lease for this one.

    Under a reloader or a supervisor (`uvicorn --reload`, `--workers`, `fastapi dev`) the children come and go;
    their parent is the one whose end means "nobody needs the servers any more".
    """
    multiprocessing = sys.modules.get("multiprocessing.process")
    parent = multiprocessing.parent_process() if multiprocessing else None
    pid = parent.pid if parent is not None and parent.pid is not None else os.getpid()
    identity = ProcessIdentity.of(pid)
    if identity is None:  # the parent ended this very moment
        identity = ProcessIdentity.of(os.getpid())
    assert identity is not None
    return identity


def die_with_parent(sig: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel send `sig` to the child when its parent dies, also by kill -9.

    Linux only (prctl(2)); None elsewhere, where `servers.attach` stops what it finds left over.
    """
    libc = _libc
    if libc is None:
        return None

    parent = os.getpid()

    def set_parent_death_signal() -> None:
        libc.prctl(PR_SET_PDEATHSIG, sig)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return set_parent_death_signal
