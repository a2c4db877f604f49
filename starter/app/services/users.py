import hashlib
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from ondol import BadRequest, Conflict, NotFound, PreconditionFailed
from ondol.auth.common import is_common
from ondol.auth.origin import Origin
from ondol.auth.principal import Principal
from ondol.db.constraints import violation_as
from ondol.db.pagination import PageRows, Paginator
from ondol.jobs import enqueue
from ondol.runtime import Ondol
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.accounts import Notice, mail_notice
from app.models import User
from app.repositories.email_change import EmailChangeRepository
from app.repositories.password_reset import PasswordResetRepository
from app.repositories.sessions import SessionRepository
from app.repositories.users import UserRepository
from app.schemas.audit import Action
from app.schemas.users import PasswordChange, UserAdminUpdate, UserQuery, UserUpdate
from app.scopes import Role
from app.services.audit import AuditService, note_denied
from app.services.sessions import user_tag


class UserNotFound(NotFound):
    code = "user_not_found"
    detail = "There is no such account."


class EmailTaken(Conflict):
    code = "email_taken"
    detail = "There is an account with this e-mail address already."


class WrongPassword(Conflict):
    code = "wrong_password"
    detail = "The current password is not right."


class PasswordIsAddress(BadRequest):
    code = "password_is_address"
    detail = "The password must not be the e-mail address."


class LastAdministrator(Conflict):
    code = "last_administrator"
    detail = "This is the last active administrator: make another one first."


def refuse_address(password: str, email: str) -> None:
    """Raises PasswordIsAddress (ASVS 5.0, 6.2.11)."""
    if is_common(password, context=(email, email.partition("@")[0])):
        raise PasswordIsAddress


def device_subject(user: User) -> str:
    """What a device that logged in is known by. With another password every device is a stranger again."""
    return hashlib.sha256(f"{user.id}:{user.hashed_password}".encode()).hexdigest()


class UserService:
    def __init__(self, session: AsyncSession, ondol: Ondol, origin: Origin) -> None:
        self._session, self._ondol, self._origin = session, ondol, origin
        self._users = UserRepository(session)
        self._audit = AuditService(session, origin)

    async def create(
        self, *, email: str, full_name: str, hashed_password: str, role: Role = Role.CUSTOMER, **details: Any
    ) -> User:
        """An account whose address is known to be its owner's. `details`: for the audit log. Raises EmailTaken."""
        user = User(email=email, full_name=full_name, hashed_password=hashed_password, role=role)
        with violation_as(EmailTaken, "uq_users_email"):
            await self._users.add(user)
        await self._audit.note(Action.ACCOUNT_CREATED, target_id=user.id, role=role, **details)
        return user

    async def get(self, user_id: UUID) -> User:
        user = await self._users.get(user_id)
        if user is None:
            raise UserNotFound
        return user

    async def get_by_email(self, email: str) -> User:
        user = await self._users.get_by_email(email)
        if user is None:
            raise UserNotFound
        return user

    async def page(self, query: UserQuery, paginator: Paginator) -> PageRows[User]:
        return await self._users.page(query, paginator)

    async def update(
        self,
        user_id: UUID,
        data: UserUpdate | UserAdminUpdate,
        by: Principal | None = None,
        *,
        expected_versions: Collection[int] | None = None,
    ) -> User:
        """`by`: who changes it; None for the command. Raises LastAdministrator where nobody would be left."""
        changes = data.model_dump()
        ends_admin = changes.get("role", Role.ADMIN) != Role.ADMIN or changes.get("is_active") is False
        others = set(await self._users.lock_admins()) - {user_id} if ends_admin else set()
        user = await self._locked(user_id)
        if ends_admin and user.is_active and user.role == Role.ADMIN and not others:
            raise LastAdministrator
        if expected_versions is not None and user.version not in expected_versions:
            raise PreconditionFailed
        for name, value in changes.items():
            setattr(user, name, value)
        await self._session.flush()
        if not user.is_active:
            await SessionRepository(self._session).revoke_all(user_id, datetime.now(UTC))
            await self.forget_mailed_tokens(user_id)
        self._ondol.cache.invalidate(self._session, user_tag(user_id))
        await self._note(Action.ACCOUNT_CHANGED, user_id, by, **changes)
        return user

    async def change_password(self, data: PasswordChange, by: Principal) -> str:
        """Sets the new password of the caller's own account and ends its other sessions. Returns what a device of the
        account is known by."""
        verified = await self.verify(data.current_password.get_secret_value(), by)
        refuse_address(data.new_password.get_secret_value(), verified.email)
        hashed = await self._ondol.passwords.hash(data.new_password.get_secret_value())
        user = await self.locked_as(verified)
        await self.set_password(user, hashed, but=by.session_id)
        await self._note(Action.PASSWORD_CHANGED, user.id, by)
        return device_subject(user)

    async def set_password(self, user: User, hashed: str, *, but: UUID | None = None) -> None:
        """For a row that is locked. Ends the account's sessions, `but` one, and tells its owner. What was asked for
        with the former password or mailed before is worth nothing any more."""
        user.hashed_password = hashed
        await self.forget_mailed_tokens(user.id)
        await SessionRepository(self._session).revoke_all(user.id, datetime.now(UTC), but=but)
        self._ondol.cache.invalidate(self._session, user_tag(user.id))
        await enqueue(self._session, mail_notice, to=user.email, notice=Notice.PASSWORD_CHANGED)

    async def forget_mailed_tokens(self, user_id: UUID) -> None:
        await PasswordResetRepository(self._session).delete_all(user_id)
        await EmailChangeRepository(self._session).delete_all(user_id)

    async def verify(self, password: str, by: Principal) -> User:
        """The caller's account, if it is their password (ASVS 5.0, 7.5.1). Raises WrongPassword.

        No connection is held while the hash is computed.
        """
        async with self._ondol.database.reading() as reading:
            user = await UserRepository(reading).get(by.user_id)
        valid, _ = await self._ondol.passwords.verify(password, user.hashed_password if user else None)
        if user is None or not valid:
            who = {"actor_id": by.user_id, "session_id": by.session_id, "target_id": by.user_id}
            await note_denied(self._ondol.database, self._origin, Action.PASSWORD_REFUSED, **who)
            raise WrongPassword
        return user

    async def locked_as(self, verified: User) -> User:
        """The account, locked, if its password is still the one that was verified. Raises WrongPassword."""
        user = await self._locked(verified.id)
        if user.hashed_password != verified.hashed_password:
            raise WrongPassword
        return user

    async def _locked(self, user_id: UUID) -> User:
        user = await self._users.get_locked(user_id)
        if user is None:
            raise UserNotFound
        return user

    async def _note(self, action: Action, target_id: UUID, by: Principal | None, **details: Any) -> None:
        who = {"actor_id": by.user_id, "session_id": by.session_id} if by else {}
        await self._audit.note(action, target_id=target_id, **who, **details)
