"""`ondol demo`: this repository's starter, complete and running, from one command."""

import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel

from ondol.cli.database import fill
from ondol.cli.interrupts import interruptible
from ondol.db.migrations import upgrade
from ondol.dev.group import ProcessGroup
from ondol.dev.ports import refuse_taken
from ondol.dev.programs import ServersError
from ondol.dev.servers import Attachment, StateFolder, attach
from ondol.mail.options import MailSettings
from ondol.project import REPOSITORY_STARTER, ProjectError, load

READY_SECONDS = 60.0
STOP_SECONDS = 10.0
console = Console(highlight=False)


class Demo:
    """The demo's processes. `stop()` ends all of them, even if `start()` failed halfway."""

    def __init__(self, project: Path, port: int) -> None:
        self._project = project
        self._port = port
        self._state = StateFolder.for_project(project)
        self._attachment: Attachment | None = None
        self._group = ProcessGroup(project)
        self._logs = _shown(self._state.logs)  # before the project becomes the current folder

    def start(self, *, fresh: bool) -> None:
        if fresh:
            self._throw_away()
        with _step("PostgreSQL and Valkey"):
            self._attachment = attach(self._state)
        # The demo uses its own servers, even if the environment or a .env file names others.
        os.environ |= {
            "ENVIRONMENT": "development",
            "DATABASE_URL": self._attachment.database_url,
            "REDIS_URL": self._attachment.redis_url,
            "PORT": str(self._port),
        }
        with _step("Migrations"):
            upgrade(self._attachment.database_url, self._project)
        with _step("Sample data"):
            summary = fill(load(self._project), self._attachment.database_url)
        console.print(f"  {summary}")
        with _step("Job worker and web server"):
            self._spawn("worker", "-m", "ondol.cli", "worker")
            self._spawn("web", "-m", "uvicorn", "main:app", "--host", "127.0.0.1", "--port", str(self._port))
            self._wait_until_ready()

    def watch(self) -> None:
        """Wait until one of the processes ends by itself, and report it."""
        while (ended := self._group.ended()) is None:
            time.sleep(0.2)
        console.print(f"[red]The {ended} ended by itself; its log is {self._log(ended)}.[/red]")

    def stop(self) -> None:
        console.print("Stopping …")
        self._group.stop()
        if self._attachment is not None:
            self._attachment.release()
        console.print("Stopped.")

    def panel(self) -> Panel:
        base = f"http://127.0.0.1:{self._port}"
        return Panel(
            f"[bold]Start here[/bold]  {base}/\n"
            f"[bold]API docs[/bold]    {base}/docs\n"
            f"[bold]Mailbox[/bold]     {base}/dev/mailbox\n"
            f"[bold]Products[/bold]    {base}/api/v1/products\n\n"
            "[bold]Log in[/bold] with Authorize in /docs (development only):\n"
            "  admin@example.com      / ondol-demo-admin\n"
            "  customer1@example.com  / ondol-demo-customer   (to customer50)\n\n"
            f"Logs are in {self._logs}\n"
            "Ctrl-C stops everything. The data stays; `--fresh` deletes it.",
            title="Ondol is running",
            border_style="green",
            expand=False,
        )

    def _throw_away(self) -> None:
        if not self._state.path.exists():
            return
        deadline = time.monotonic() + STOP_SECONDS
        while self._state.keeper() is not None and time.monotonic() < deadline:  # it stays for its grace time
            if self._state.live_leases():
                raise ServersError("--fresh is not possible while another process uses the servers of this project.")
            time.sleep(0.1)
        with self._state.locked():
            self._state.throw_data_away()
        shutil.rmtree(self._project / MailSettings().folder, ignore_errors=True)

    def _log(self, name: str) -> Path:
        return self._state.logs / f"{name}.log"

    def _spawn(self, name: str, *arguments: str) -> None:
        with self._log(name).open("wb") as log:
            self._group.spawn(name, *arguments, output=log)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if name := self._group.ended():
                last = self._log(name).read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
                raise ServersError(f"The {name} did not start: {''.join(last)} ({self._log(name)})")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health/ready", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise ServersError(f"The service was not ready within {READY_SECONDS:.0f} s; see {self._log('web')}.")


@contextmanager
def _step(name: str) -> Iterator[None]:
    started = time.monotonic()
    console.print(f"{name} … ", end="")
    yield
    console.print(f"{time.monotonic() - started:.1f} s")


def _shown(path: Path) -> str:
    """Return the path from the current folder, so that it fits into 80 columns."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def demo(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65_535)] = 8000,
    *,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete the demo's data first.")] = False,
) -> None:
    """Run this repository's starter with everything it needs: servers, sample data, job worker."""
    if not REPOSITORY_STARTER.is_dir():
        raise ProjectError("The demo is part of Ondol's repository; clone it to run it.")
    refuse_taken(port)
    demo = Demo(REPOSITORY_STARTER, port)
    with interruptible(demo.stop):
        demo.start(fresh=fresh)
        console.print(demo.panel())
        demo.watch()
        raise typer.Exit(1)
