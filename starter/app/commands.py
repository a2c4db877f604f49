"""What `ondol user` and `ondol audit-log` do in this project. `origin` is the command, for the audit log."""

from collections.abc import Awaitable, Callable
from typing import Any

from ondol.auth.origin import Origin
from ondol.db.pagination import PageRows
from ondol.runtime import Ondol

from app.schemas.audit import AuditEntryRead, AuditQuery
from app.schemas.sessions import SessionQuery, SessionRead
from app.schemas.users import UserAdminUpdate, UserCreate, UserQuery, UserRead
from app.services.audit import AuditService
from app.services.auth import normalised
from app.services.sessions import SessionService
from app.services.users import UserNotFound, UserService, refuse_address

MOST = 100


async def create_user(
    ondol: Ondol, origin: Origin, *, email: str, full_name: str, password: str, role: str
) -> list[UserRead]:
    data = UserCreate.model_validate({"email": email, "full_name": full_name, "password": password, "role": role})
    refuse_address(password, data.email)
    hashed = await ondol.passwords.hash(password)
    async with ondol.database.transaction() as session:
        user = await UserService(session, ondol, origin).create(
            email=data.email, full_name=data.full_name, hashed_password=hashed, role=data.role
        )
    return [UserRead.model_validate(user)]


async def list_users(ondol: Ondol, origin: Origin, *, role: str | None = None) -> list[UserRead]:
    query = UserQuery.model_validate({"limit": MOST, "role": role})
    async with ondol.database.reading() as session:
        users = UserService(session, ondol, origin)
        return [UserRead.model_validate(user) for user in await _all(query, lambda q: users.page(q, ondol.paginator))]


async def grant(ondol: Ondol, origin: Origin, *, email: str, role: str) -> list[UserRead]:
    return await _update(ondol, origin, email, UserAdminUpdate.model_validate({"role": role}))


async def disable(ondol: Ondol, origin: Origin, *, email: str) -> list[UserRead]:
    return await _update(ondol, origin, email, UserAdminUpdate(is_active=False))


async def enable(ondol: Ondol, origin: Origin, *, email: str) -> list[UserRead]:
    return await _update(ondol, origin, email, UserAdminUpdate(is_active=True))


async def sessions(ondol: Ondol, origin: Origin, *, email: str) -> list[SessionRead]:
    async with ondol.database.reading() as session:
        user = await UserService(session, ondol, origin).get_by_email(_address(email))
        service = SessionService(session, ondol, origin)
        return await _all(SessionQuery(limit=MOST), lambda query: service.page(user.id, query, ondol.paginator))


async def audit_log(
    ondol: Ondol, origin: Origin, *, email: str | None = None, action: str | None = None, since: str | None = None
) -> list[AuditEntryRead]:
    """The newest hundred; of what an account did, if one is named."""
    async with ondol.database.reading() as session:
        actor = await UserService(session, ondol, origin).get_by_email(_address(email)) if email else None
        asked = {"limit": MOST, "action": action, "since": since, "actor_id": actor.id if actor else None}
        query = AuditQuery.model_validate(asked)
        page = await AuditService(session, origin).page(query, ondol.paginator)
    return [AuditEntryRead.model_validate(entry) for entry in page.items]


async def _update(ondol: Ondol, origin: Origin, email: str, data: UserAdminUpdate) -> list[UserRead]:
    async with ondol.database.transaction() as session:
        users = UserService(session, ondol, origin)
        user = await users.get_by_email(_address(email))
        return [UserRead.model_validate(await users.update(user.id, data))]


async def _all(query: Any, page: Callable[[Any], Awaitable[PageRows[Any]]]) -> list[Any]:
    rows = await page(query)
    found = list(rows.items)
    while rows.next_cursor:
        rows = await page(query.model_copy(update={"cursor": rows.next_cursor}))
        found += rows.items
    return found


def _address(email: str) -> str:
    address = normalised(email)
    if address is None:
        raise UserNotFound
    return address
