"""`ondol add`: add resources, fields and features to a project."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax
from typer.core import TyperCommand

from ondol.cli.update import show, stop_at_conflicts
from ondol.generator.add import add_field, add_resource
from ondol.generator.declaration import Options
from ondol.generator.fields import GRAMMAR
from ondol.generator.plan import Plan
from ondol.generator.resource import Readers
from ondol.generator.update import add_feature
from ondol.project import project_folder

app = typer.Typer(no_args_is_help=True, help="Add resources, fields and features to the project.")
console = Console(highlight=False, soft_wrap=True)

EXAMPLES = """\
ondol add resource author name:str:100:sort born_on:date:optional --public-read --search name
ondol add resource book title:str:200 isbn:str:13:unique price:decimal:10,2 pages:int:min=1 \\
    status:enum:draft,live:default=draft author:ref:authors --owner --search title --cache 30s
ondol add field book language:str:2:default=ko read_on:date:optional
"""
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the changes without making them.")]
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def seconds(text: str) -> int:
    """Return the seconds in a text such as "30s", "5m" or "1h"."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})([smh])", text)
    if not found:
        raise typer.BadParameter("Give a time such as 30s, 5m or 1h.")
    return int(found[1]) * _SECONDS[found[2]]


class WithGrammar(TyperCommand):
    """A command that prints the field grammar after its help. Typer's own epilog would turn `:date:` into an emoji."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        super().format_help(ctx, formatter)
        typer.echo(f"{GRAMMAR}\nExamples\n{EXAMPLES}")


@app.command(cls=WithGrammar)
def resource(
    name: Annotated[str, typer.Argument(help="Name of the resource, in the singular: `book`.")],
    fields: Annotated[list[str], typer.Argument(help="NAME:TYPE[:ARGUMENT][:MODIFIER]… (below).")],
    *,
    owner: Annotated[
        bool, typer.Option("--owner", help="Rows belong to their creator; others get 404 (--public-read: on changes).")
    ] = False,
    customer_read: Annotated[bool, typer.Option("--customer-read", help="Every customer may read.")] = False,
    public_read: Annotated[bool, typer.Option("--public-read", help="Anyone may read, without logging in.")] = False,
    search: Annotated[str, typer.Option("--search", help="Fields that `?q=` searches: title,summary.")] = "",
    cache: Annotated[
        int | None, typer.Option("--cache", parser=seconds, metavar="TIME", help="Time to cache reads: 30s, 5m, 1h.")
    ] = None,
    plural: Annotated[str | None, typer.Option("--plural", help="Plural of the name, if irregular.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Write a resource through all layers: model, schemas, repository, service, router, migration and tests.

    Without --owner, --customer-read or --public-read, only administrators can use it.
    The code is yours to change. No existing file is overwritten; if a file is not as expected, nothing is changed and
    the lines to add are printed.
    """
    project = project_folder()
    if customer_read and public_read:
        raise typer.BadParameter("--public-read includes --customer-read; use one of them.")
    readers = Readers.ANYBODY if public_read else Readers.CUSTOMERS if customer_read else Readers.NOBODY
    options = Options(owner, readers, tuple(part for part in search.split(",") if part), cache)
    if carry_out(add_resource(project, name, fields, options, plural=plural), dry_run=dry_run):
        console.print(f"\n{options.who_may} The scopes are in app/scopes.py.", markup=False)
        say_next(project)


@app.command(cls=WithGrammar)
def field(
    resource: Annotated[str, typer.Argument(help="Name of the resource: `book`.")],
    fields: Annotated[list[str], typer.Argument(help="NAME:TYPE[:ARGUMENT][:MODIFIER]… (below).")],
    *,
    dry_run: DryRun = False,
) -> None:
    """Add fields to a resource that `ondol add resource` wrote: model, schemas, queries, tests and a migration.

    Your own changes to its files stay. If you changed the same lines, nothing is changed and the lines to add are
    printed.
    """
    project = project_folder()
    if carry_out(add_field(project, resource, fields), dry_run=dry_run):
        say_next(project)


@app.command()
def feature(
    name: Annotated[str, typer.Argument(help="Name of the feature: `audit`, `email_change`, `personal_data`.")],
) -> None:
    """Add a feature of the starter that this project was made without, or that was removed.

    It is merged like an update: your own changes stay, and edits of the same lines become git conflicts.
    """
    added = add_feature(project_folder(), name)
    show(added)
    stop_at_conflicts(added)
    console.print("\n  uv run ondol db upgrade\n  uv run pytest\n\nThen commit.", markup=False)


def carry_out(plan: Plan, *, dry_run: bool) -> bool:
    """Make the changes and list them, or print them as a diff. Return whether any was made."""
    for warning in plan.warnings:
        console.print(f"Warning: {warning}", style="yellow", markup=False)
    if dry_run:
        console.print(
            Syntax(plan.diff, "diff", background_color="default") if console.is_terminal else escape(plan.diff)
        )
        return False
    if not plan.after:
        console.print("Nothing to do: the project has all of it already.")
        return False
    plan.apply()
    for path, text in plan.after.items():
        done = "removed" if text is None else "new    " if plan.before[path] is None else "changed"
        console.print(f"  {done}  {escape(str(path))}")
    return True


def say_next(project: Path) -> None:
    where = "" if project == Path.cwd() else f" (in {project})"
    console.print(f"\n  uv run ondol db upgrade{where}\n  uv run pytest", markup=False)
