"""`ondol`: the command. In a project's folder it works on that project."""

from typing import Annotated

import typer

from ondol.cli import add, database, demo, dev, doctor, new, processes, settings, update
from ondol.cli.commands import Commands

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The production floor under FastAPI services.",
    epilog="Exit codes: 0 done; 1 refused, failed, or something found; 2 a wrong option or argument.",
)


@app.callback()
def options(
    *,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the trace of an error.")] = False,
) -> None:
    """The production floor under FastAPI services."""


app.add_typer(add.app, name="add")
app.add_typer(database.app, name="db")
app.command("new")(new.new)
app.command("dev")(dev.dev)
app.command("demo")(demo.demo)
app.command("update")(update.update_project)
app.command("doctor")(doctor.doctor)
app.command("serve")(processes.serve)
app.command("worker")(processes.worker)
app.command("settings")(settings.show_settings)
run = app
