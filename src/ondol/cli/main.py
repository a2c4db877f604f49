"""The command `ondol`. In a project's folder it works on that project."""

from typing import Annotated

import typer

from ondol.cli import (
    add,
    database,
    demo,
    dev,
    docs,
    doctor,
    jobs,
    new,
    processes,
    remove,
    secret,
    settings,
    shell,
    update,
)
from ondol.cli.commands import Commands

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Create, develop, run and update FastAPI services.",
    epilog="Exit codes: 0 success; 1 refused, failed or problems found; 2 invalid option or argument.",
)


@app.callback()
def options(
    *,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the stack trace of an error.")] = False,
) -> None:
    """Create, develop, run and update FastAPI services."""


app.add_typer(add.app, name="add")
app.add_typer(database.app, name="db")
app.add_typer(jobs.app, name="jobs")
app.add_typer(secret.app, name="secret")
app.command("new", epilog="Example: ondol new ../shop --sample")(new.new)
app.command("remove", epilog="Example: ondol remove resource book")(remove.remove)
app.command("dev", epilog="Example: ondol dev --port 8001 --sql")(dev.dev)
app.command("demo", epilog="Example: ondol demo --fresh")(demo.demo)
app.command("update", epilog="Example: ondol update --check")(update.update_project)
app.command("docs", epilog="Example: ondol docs how-to/deploy --lang ko")(docs.docs)
app.command("doctor", epilog="Example: ondol doctor --json")(doctor.doctor)
app.command("serve", epilog="Example: ondol serve --workers 4")(processes.serve)
app.command("worker", epilog="Example: ondol worker")(processes.worker)
app.command("shell", epilog='Example: ondol shell -c "print(await work.session.get(User, ID))"')(shell.shell)
app.command("settings", epilog="Example: ENVIRONMENT=production ondol settings")(settings.show_settings)
run = app
