"""The project's own commands. `ondol` lists them with its own."""

from functools import partial
from typing import Annotated

import typer
from ondol.cli.project_commands import AsJson, ask_password, run, show
from ondol.db.pagination import every

from app.runtime import UnitOfWork
from app.schemas.audit import AuditEntryRead, AuditQuery  # audit
from app.schemas.personal_data import PersonalData  # personal_data
from app.schemas.sessions import LoginSessionQuery, LoginSessionRead
from app.schemas.users import UserAdminUpdate, UserCreate, UserQuery, UserRead
from app.services.audit import AuditService, prune  # audit
from app.services.personal_data import PersonalDataService  # personal_data
from app.services.sessions import LoginSessionService
from app.services.users import UserService, refuse_address

MOST = 100
ACCOUNT = ("email", "full_name", "role", "is_active", "last_seen_at")
SESSION = ("user_agent", "address", "created_at", "last_used_at", "expires_at")
ENTRY = ("at", "action", "actor_id", "target_id", "address")  # audit

Address = Annotated[str, typer.Argument(help="The account's e-mail address.")]
AnyRole = Annotated[str, typer.Argument(help="One of the roles in app/scopes.py.")]

app = typer.Typer()
user = typer.Typer(no_args_is_help=True, help="Manage the project's accounts.")
app.add_typer(user, name="user")
log = typer.Typer()  # audit
app.add_typer(log, name="audit-log")  # audit


@user.command(epilog="Example: ondol user create jiwoo@example.com --name 김지우 --role admin")
def create(
    email: Address,
    *,
    name: Annotated[str, typer.Option("--name", help="The full name.")],
    role: Annotated[str, typer.Option("--role", help="One of the roles in app/scopes.py.")] = "customer",
    as_json: AsJson = False,
) -> None:
    """Create an account. Prompt for the password, or read it from the first line of standard input."""
    given = {"email": email, "full_name": name, "password": ask_password(), "role": role}
    data = UserCreate.model_validate(given)
    password = data.password.get_secret_value()
    refuse_address(password, data.email)

    async def make(work: UnitOfWork) -> UserRead:
        hashed = await work.runtime.passwords.hash(password)
        return await UserService(work).create(
            email=data.email, full_name=data.full_name, hashed_password=hashed, role=data.role
        )

    show([run(make)], ACCOUNT, as_json=as_json)


@user.command("list", epilog="Example: ondol user list --role admin")
def list_(
    *,
    role: Annotated[str | None, typer.Option("--role", help="Only accounts with this role.")] = None,
    as_json: AsJson = False,
) -> None:
    """List accounts."""
    query = UserQuery.model_validate({"limit": MOST, "role": role})
    show(run(lambda work: every(UserService(work).page, query)), ACCOUNT, as_json=as_json)


@user.command(epilog="Example: ondol user grant jiwoo@example.com admin")
def grant(email: Address, role: AnyRole, *, as_json: AsJson = False) -> None:
    """Change the role of an account. It takes effect in its sessions within a second."""
    _update(email, UserAdminUpdate.model_validate({"role": role}), as_json=as_json)


@user.command(epilog="Example: ondol user disable jiwoo@example.com")
def disable(email: Address, *, as_json: AsJson = False) -> None:
    """Disable an account. Its sessions end within a second."""
    _update(email, UserAdminUpdate(is_active=False), as_json=as_json)


@user.command(epilog="Example: ondol user enable jiwoo@example.com")
def enable(email: Address, *, as_json: AsJson = False) -> None:
    """Re-enable a disabled account. Its old sessions stay ended."""
    _update(email, UserAdminUpdate(is_active=True), as_json=as_json)


# personal_data: begin
@user.command(epilog="Example: ondol user export jiwoo@example.com > jiwoo.json")
def export(email: Address) -> None:
    """Print all data stored about an account, as JSON."""

    async def copy(work: UnitOfWork) -> PersonalData:
        account = await UserService(work).get_by_email(email)
        return await PersonalDataService(work).export(account.id)

    typer.echo(run(copy).model_dump_json(indent=2))


@user.command(epilog="Example: ondol user delete jiwoo@example.com")
def delete(email: Address, *, yes: Annotated[bool, typer.Option("--yes", help="Skip confirmation.")] = False) -> None:
    """Delete an account at its owner's request. Name, address and sessions are erased; rows that refer to it stay."""
    if not yes:
        typer.confirm(f"Delete the account of {email}? This cannot be undone.", abort=True)

    async def forget(work: UnitOfWork) -> None:
        account = await UserService(work).get_by_email(email)
        await PersonalDataService(work).delete(account.id)

    run(forget)
    typer.echo("Deleted.")


# personal_data: end
@user.command(epilog="Example: ondol user sessions jiwoo@example.com")
def sessions(email: Address, *, as_json: AsJson = False) -> None:
    """List the active sessions of an account."""

    async def look(work: UnitOfWork) -> list[LoginSessionRead]:
        account = await UserService(work).get_by_email(email)
        service = LoginSessionService(work)
        return await every(partial(service.page, account.id), LoginSessionQuery(limit=MOST))

    show(run(look), SESSION, as_json=as_json)


# audit: begin
@log.callback(invoke_without_command=True, epilog="Example: ondol audit-log --action login.refused")
def audit_log(
    context: typer.Context,
    *,
    email: Annotated[str | None, typer.Option("--user", help="Only actions of this account (e-mail address).")] = None,
    action: Annotated[str | None, typer.Option("--action", help="Only this action, such as login.refused.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Only since then, such as 2026-11-01T00:00:00Z.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the newest 100 entries of the audit log."""
    if context.invoked_subcommand:
        return

    async def look(work: UnitOfWork) -> list[AuditEntryRead]:
        actor = await UserService(work).get_by_email(email) if email else None
        asked = {"limit": MOST, "action": action, "since": since, "actor_id": actor.id if actor else None}
        return (await AuditService(work).page(AuditQuery.model_validate(asked))).items

    show(run(look), ENTRY, as_json=as_json)


@log.command("prune", epilog="Example: ondol audit-log prune")
def prune_entries() -> None:
    """Delete entries older than AUDIT__KEEP_DAYS. A job does this every night."""
    typer.echo(f"{run(lambda work: prune(work.runtime))} entries deleted.")


# audit: end


def _update(email: str, data: UserAdminUpdate, *, as_json: bool) -> None:
    async def update(work: UnitOfWork) -> UserRead:
        users = UserService(work)
        account = await users.get_by_email(email)
        return await users.update(account.id, data)

    show([run(update)], ACCOUNT, as_json=as_json)
