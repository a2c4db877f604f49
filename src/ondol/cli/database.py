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

app = typer.Typer(no_args_is_help=True, help="Migrate and seed the project's database.")
console = Console()


@app.command(epilog="Example: ondol db upgrade --sql")
def upgrade(
    revision: Annotated[str, typer.Argument(help="Target revision.")] = "head",
    *,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL instead, to review it or for `squawk`.")] = False,
) -> None:
    """Apply migrations. Several replicas may do this at once: one migrates, the others wait."""
    if sql:
        typer.echo(migrations.sql(load().settings.project_folder, revision))
        return
    run.migrate(revision)
    console.print(f"The database is at {revision}.")


@app.command(epilog="Example: ondol db downgrade -1", context_settings={"ignore_unknown_options": True})  # allows -1
def downgrade(
    revision: Annotated[str, typer.Argument(help="Target revision: its id, -1 or base.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation in production.")] = False,
) -> None:
    """Undo migrations. In production it asks first, because the data they added is lost."""
    runtime = load()
    url = database_url(runtime)
    if runtime.settings.environment is Environment.PRODUCTION and not yes:
        database = make_url(url)
        place = f"{database.database} on {database.host}"
        typer.confirm(f"Migrate {place} back to {revision}? Data added since then is lost.", abort=True)
    migrations.downgrade(url, runtime.settings.project_folder, revision)
    console.print(f"The database is at {revision}.")


@app.command(epilog="Example: ondol db revision 'books have a publisher'")
def revision(message: Annotated[str, typer.Argument(help="Short description of the change.")]) -> None:
    """Write a migration for the changes in the models."""
    runtime = load()
    project, ruff = runtime.settings.project_folder, ruff_program()
    with scratch_database(runtime) as url:
        file, operations = revisions.revise(url, project, message)
    tidy(project, ruff, file=str(file))
    if not operations.ops:
        console.print(f"The models have no change without a migration: {file.name} is empty, for you to write.")
    for risk in revisions.risks(operations):
        console.print(f"[yellow]{risk}[/yellow]")


@app.command(epilog="Example: ondol db merge")
def merge(message: Annotated[str, typer.Argument(help="Short description.")] = "merge") -> None:
    """Write a migration that merges two heads."""
    project, ruff = load().settings.project_folder, ruff_program()
    tidy(project, ruff, file=str(revisions.merge(project, message)))


@app.command(epilog="Example: ondol db check")
def check() -> None:
    """Fail if the models have changes without a migration. Your database is not touched."""
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
    """Run the project's seed in one transaction. Return its message."""
    database = SyncDatabase(url, runtime.settings.database)
    try:
        with database.transaction() as session:
            return str(attribute("app.seed", "seed")(session, runtime.passwords))
    finally:
        database.close()
