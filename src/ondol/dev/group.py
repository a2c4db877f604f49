"""A group of processes that one command starts, watches and ends."""

import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from ondol.dev.processes import die_with_parent

STOP_SECONDS = 10.0


class ProcessGroup:
    """Python processes in one folder. `stop()` ends all of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def spawn(
        self, name: str, *arguments: str, output: IO[bytes] | int, environment: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start `python ARGUMENTS`, with its output to `output` (a file, or subprocess.PIPE).

        `environment`: the whole environment; by default this process's.
        """
        self._processes[name] = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self._folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C goes to this process only, which ends them in order. If it is killed, the kernel ends them (Linux).
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509  (no thread holds a lock at the fork)
        )
        return self._processes[name]

    def finish(self, name: str) -> int:
        """Wait for a process that ends by itself, and forget it. Return its exit code."""
        code = self._processes[name].wait()
        del self._processes[name]
        return code

    def ended(self) -> str | None:
        """Return the name of a process that ended by itself."""
        return next((name for name, process in self._processes.items() if process.poll() is not None), None)

    def stop(self) -> None:
        for process in self._processes.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._processes.values():
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
