"""`ondol user` and `ondol audit-log`: what they do is in the project's app/commands.py."""

import asyncio
import getpass
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from ondol.auth.origin import Origin
from ondol.project import attribute, load

app = typer.Typer(no_args_is_help=True, help="The project's accounts.")

ACCOUNT = ("email", "full_name", "role", "is_active", "last_seen_at")
SESSION = ("device", "address", "created_at", "last_used_at", "expires_at")
ENTRY = ("at", "action", "actor_id", "target_id", "address")

Address = Annotated[str, typer.Argument(help="The account's e-mail address.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]


@app.command(epilog="Example: ondol user create jiwoo@example.com --name 김지우 --role admin")
def create(
    email: Address,
    *,
    name: Annotated[str, typer.Option("--name", help="The full name.")],
    role: Annotated[str, typer.Option("--role", help="One of the roles in app/scopes.py.")] = "customer",
    as_json: AsJson = False,
) -> None:
    """Make an account. The password is asked for, or read from the first line of standard input."""
    show(run("create_user", email=email, full_name=name, password=_password(), role=role), ACCOUNT, as_json=as_json)


@app.command("list", epilog="Example: ondol user list --role admin")
def list_(
    *,
    role: Annotated[str | None, typer.Option("--role", help="Only those of this role.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the accounts."""
    show(run("list_users", role=role), ACCOUNT, as_json=as_json)


@app.command(epilog="Example: ondol user grant jiwoo@example.com admin")
def grant(
    email: Address,
    role: Annotated[str, typer.Argument(help="One of the roles in app/scopes.py.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Give an account another role. It takes effect on its sessions within a second."""
    show(run("grant", email=email, role=role), ACCOUNT, as_json=as_json)


@app.command(epilog="Example: ondol user disable jiwoo@example.com")
def disable(email: Address, *, as_json: AsJson = False) -> None:
    """Close an account. Its sessions end within a second."""
    show(run("disable", email=email), ACCOUNT, as_json=as_json)


@app.command(epilog="Example: ondol user enable jiwoo@example.com")
def enable(email: Address, *, as_json: AsJson = False) -> None:
    """Open a closed account again. Its sessions stay ended."""
    show(run("enable", email=email), ACCOUNT, as_json=as_json)


@app.command(epilog="Example: ondol user sessions jiwoo@example.com")
def sessions(email: Address, *, as_json: AsJson = False) -> None:
    """List where an account is logged in."""
    show(run("sessions", email=email), SESSION, as_json=as_json)


def audit_log(
    *,
    user: Annotated[str | None, typer.Option("--user", help="What this account did, by its e-mail address.")] = None,
    action: Annotated[str | None, typer.Option("--action", help="Such as session.started, login.refused.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Such as 2026-11-01T00:00:00Z.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show who did what, from where: the newest hundred entries."""
    show(run("audit_log", email=user, action=action, since=since), ENTRY, as_json=as_json)


def run(name: str, **arguments: Any) -> Sequence[BaseModel]:
    """Calls `name` of the project's app/commands.py on its runtime."""
    ondol = load()
    function = attribute("app.commands", name)
    origin = Origin(device=f"ondol command, run by {_operator()}")

    async def call() -> Sequence[BaseModel]:
        async with ondol.opened():
            found: Sequence[BaseModel] = await function(ondol, origin, **arguments)
            return found

    return asyncio.run(call())


def show(rows: Sequence[BaseModel], columns: Sequence[str], *, as_json: bool) -> None:
    """As a table of these `columns`, or all there is as JSON."""
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


def _password() -> str:
    if sys.stdin.isatty():
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return password
    return sys.stdin.readline().rstrip("\r\n")


def _operator() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without an entry in passwd
        return f"uid {os.getuid()}"
