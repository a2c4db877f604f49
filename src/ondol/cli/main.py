"""`ondol`: the command. In a project's folder it works on that project."""

import sys
from collections.abc import Callable

import typer
from alembic.util import CommandError
from rich.console import Console

from ondol.cli import database, demo, dev, doctor, new, processes, settings, update
from ondol.db.migrations import MigrationBlocked
from ondol.dev.programs import ServersError
from ondol.project import ProjectError
from ondol.runtime import StartFailed

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The production floor under FastAPI services.",
    epilog="Exit codes: 0 done; 1 refused, failed, or something found; 2 a wrong option or argument.",
)
app.add_typer(database.app, name="db")
app.command("new")(new.new)
app.command("dev")(dev.dev)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("serve")(processes.serve)
app.command("update")(update.update_project)
app.command("worker")(processes.worker)
app.command("settings")(settings.show_settings)

_EXPECTED = (CommandError, MigrationBlocked, ProjectError, ServersError, StartFailed)


def run(command: Callable[[], object] = app) -> None:
    """The entry point: what a person can mend is one sentence, not a trace."""
    try:
        command()
    except _EXPECTED as error:
        Console(stderr=True).print(f"[red]ondol:[/red] {error}", highlight=False, soft_wrap=True)
        sys.exit(1)
