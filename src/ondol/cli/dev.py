"""`ondol dev`: run everything a project needs during development, in one console."""

import json
import os
import shlex
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from structlog.dev import ConsoleRenderer

from ondol.cli.interrupts import interruptible
from ondol.dev.group import ProcessGroup
from ondol.dev.ports import refuse_taken
from ondol.project import ProjectError, project_folder

SQL_LOGGER = "sqlalchemy.engine"
_STYLES = {"migrate": "yellow", "web": "green", "worker": "magenta", "sql": "cyan"}


def dev(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65_535)] = 8000,
    *,
    sql: Annotated[bool, typer.Option("--sql", help="Show every SQL statement.")] = False,
) -> None:
    """Run the project for development: PostgreSQL, Valkey, migrations, and a web server and job worker that reload
    when a file changes."""
    folder = project_folder()
    refuse_taken(port)
    group = ProcessGroup(folder)
    lines = Lines(Console(highlight=False, soft_wrap=True))
    # JSON lines name their logger, so that SQL can be told from other output.
    environment = {**os.environ, "LOGGING__FORMAT": "json", "PYTHONUNBUFFERED": "1"}
    with interruptible(group.stop):
        _migrate(group, lines, environment)
        if sql:
            environment["DEBUG"] = "true"
        options = ["--reload", "--reload-dir", str(folder), "--host", "127.0.0.1", "--port", str(port)]
        for name, arguments in {"web": ["uvicorn", "main:app", *options], "worker": _reloaded_worker(folder)}.items():
            process = group.spawn(name, "-m", *arguments, output=subprocess.PIPE, environment=environment)
            lines.follow(name, process)
        lines.say("web", f"http://127.0.0.1:{port}/docs")
        while (ended := group.ended()) is None:
            time.sleep(0.2)
        lines.say(ended, "ended by itself")
        raise typer.Exit(1)


def _migrate(group: ProcessGroup, lines: "Lines", environment: dict[str, str]) -> None:
    """Migrate in a separate process, which shows the stack trace if the project's code cannot be imported."""
    process = group.spawn("migrate", "-m", "ondol.run", "migrate", output=subprocess.PIPE, environment=environment)
    lines.follow("migrate", process).join()
    if group.finish("migrate") != 0:
        raise ProjectError("The migrations did not run; the output above says why.")
    lines.say("migrate", "the database is up to date")


def _reloaded_worker(folder: Path) -> list[str]:
    command = shlex.join([sys.executable, "-m", "ondol.run", "worker"])
    return ["watchfiles", "--filter", "python", "--verbosity", "warning", command, str(folder / "app")]


class Lines:
    """One console for several processes: each line begins with the name of its process."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._render = ConsoleRenderer(colors=console.is_terminal, pad_event_to=0)

    def say(self, name: str, text: str) -> None:
        self._console.print(Text.assemble((f"{name:<7} | ", _STYLES[name]), Text.from_ansi(text)))

    def follow(self, name: str, process: "subprocess.Popen[bytes]") -> threading.Thread:
        """Print the output of the process until it ends."""
        assert process.stdout is not None
        thread = threading.Thread(target=self._copy, args=(name, process.stdout), daemon=True)
        thread.start()
        return thread

    def _copy(self, name: str, output: IO[bytes]) -> None:
        for line in output:
            self._show(name, line.decode(errors="replace").rstrip("\n"))

    def _show(self, name: str, line: str) -> None:
        event = _parsed(line)
        if event is None:
            self.say(name, line)
        elif str(event.get("logger", "")).startswith(SQL_LOGGER):
            statement = " ".join(str(event["event"]).split())
            if not statement.startswith("["):  # SQLAlchemy's note on its compile cache
                self.say("sql", statement)
        else:
            event["timestamp"] = str(event.get("timestamp", ""))[11:19]
            for part in str(self._render(None, "", event)).splitlines():
                self.say(name, part)


def _parsed(line: str) -> dict[str, Any] | None:
    """Return the log event, or None for other output such as a print or a stack trace."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
