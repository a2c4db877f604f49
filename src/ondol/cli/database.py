"""`ondol db`: migrations and seeds."""

from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import make_url

from ondol import run
from ondol.db import migrations
from ondol.db.session import SyncDatabase
from ondol.generator import revisions
from ondol.generator.pristine import tidy
from ondol.generator.tools import ruff_program
from ondol.options import Environment
from ondol.project import attribute, database_url, load, scratch_database
from ondol.runtime import Runtime

app = typer.Typer(no_args_is_help=True, help="Migrations and seeds of the project's database.")
console = Console()


@app.command(epilog="Example: ondol db upgrade --sql")
def upgrade(
    revision: Annotated[str, typer.Argument(help="Where to.")] = "head",
    *,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL instead, for reading or `squawk`.")] = False,
) -> None:
    """Migrate forward. Several replicas may do it at once: one does, the others wait."""
    if sql:
        typer.echo(migrations.sql(load().settings.project_folder, revision))
        return
    run.migrate(revision)
    console.print(f"The database is at {revision}.")


@app.command(epilog="Example: ondol db downgrade -1", context_settings={"ignore_unknown_options": True})  # -1 is one
def downgrade(
    revision: Annotated[str, typer.Argument(help="Where to: a revision, -1, or base.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, in production either.")] = False,
) -> None:
    """Migrate back. In production it asks first: what later migrations added is lost."""
    runtime = load()
    url = database_url(runtime)
    if runtime.settings.environment is Environment.PRODUCTION and not yes:
        database = make_url(url)
        place = f"{database.database} on {database.host}"
        typer.confirm(f"Migrate {place} back to {revision}? What was added since is lost.", abort=True)
    migrations.downgrade(url, runtime.settings.project_folder, revision)
    console.print(f"The database is at {revision}.")


@app.command(epilog="Example: ondol db revision 'books have a publisher'")
def revision(message: Annotated[str, typer.Argument(help="What changes, in a few words.")]) -> None:
    """Write a migration from what changed in the models."""
    runtime = load()
    project, ruff = runtime.settings.project_folder, ruff_program()
    with scratch_database(runtime) as url:
        file, operations = revisions.revise(url, project, message)
    tidy(project, ruff, file=str(file))
    for risk in revisions.risks(operations):
        console.print(f"[yellow]{risk}[/yellow]")


@app.command(epilog="Example: ondol db merge")
def merge(message: Annotated[str, typer.Argument(help="Why, in a few words.")] = "merge") -> None:
    """Write a migration that joins the ends of two branches."""
    revisions.merge(load().settings.project_folder, message)


@app.command(epilog="Example: ondol db check")
def check() -> None:
    """Fail when the models say something that no migration does. Your database is not touched."""
    runtime = load()
    with scratch_database(runtime) as url:
        migrations.check(url, runtime.settings.project_folder)
    console.print("The models and the migrations agree.")


@app.command(epilog="Example: ondol db seed")
def seed() -> None:
    """Fill the database with the project's sample data (`seed` in app/seed.py), once."""
    runtime = load()
    console.print(fill(runtime, database_url(runtime)))


def fill(runtime: Runtime, url: str) -> str:
    """Runs the project's seed in one transaction; returns what it says."""
    database = SyncDatabase(url, runtime.settings.database)
    try:
        with database.transaction() as session:
            return str(attribute("app.seed", "seed")(session, runtime.passwords))
    finally:
        database.close()
