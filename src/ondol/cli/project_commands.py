"""Helpers for a project's own commands: `ondol` includes the commands of the Typer app in `app/commands.py`.

    app = typer.Typer()

    @app.command()
    def count() -> None:
        typer.echo(run(lambda work: OrderService(work).count()))

`run` awaits in one transaction; `show` prints rows.
"""

import asyncio
import getpass
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from typer.main import get_group

from ondol.auth.client import Client
from ondol.project import ProjectError, attribute, enter, load, project_folder
from ondol.runtime import UnitOfWork

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]


def mounted() -> dict[str, Any]:
    """Return the commands of the project in the current folder by name, or {} outside of a project."""
    try:
        folder = project_folder()
    except ProjectError:
        return {}
    if not (folder / "app" / "commands.py").is_file():
        return {}
    enter(folder)
    app: Any = attribute("app.commands", "app")
    if not isinstance(app, typer.Typer):
        raise ProjectError("app.commands.app is not a typer.Typer.")
    return dict(get_group(app).commands)


def run(act: Callable[[UnitOfWork[Any]], Awaitable[T]]) -> T:
    """Await `act` in one transaction on the project's runtime. The audit log names this command as the client."""
    runtime = load()

    async def call() -> T:
        async with runtime.opened(), runtime.transaction(command_client()) as work:
            return await act(work)

    return asyncio.run(call())


def show(rows: Sequence[BaseModel], columns: Sequence[str], *, as_json: bool) -> None:
    """Print a table of these `columns`, or all fields as JSON."""
    if as_json:
        for row in rows:
            typer.echo(row.model_dump_json())
        return
    if not rows:
        typer.echo("None.")
        return
    table = Table(*(Column(name, overflow="fold") for name in columns))
    for row in rows:
        values = row.model_dump(mode="json")
        table.add_row(*("" if values[name] is None else escape(str(values[name])) for name in columns))
    Console(soft_wrap=True).print(table)


def ask_password() -> str:
    """Return a password from the terminal, asked for twice, or the first line of standard input."""
    if sys.stdin.isatty():
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return password
    return sys.stdin.readline().rstrip("\r\n")


def command_client() -> Client:
    """Return the client that the audit log names: this command and who runs it."""
    try:
        operator = getpass.getuser()
    except (OSError, KeyError):  # a container's user without an entry in passwd
        operator = f"uid {os.getuid()}"
    return Client(user_agent=f"ondol command, run by {operator}")
