import hashlib
from collections.abc import Collection
from uuid import UUID

from ondol import BadRequest, Conflict, NotFound
from ondol.auth.caller import Caller
from ondol.auth.rules import is_common
from ondol.db.constraints import violation_as
from ondol.db.pagination import Page
from ondol.types import normalised_email

from app.models import User
from app.repositories.mailed_tokens import MailedTokenRepository
from app.repositories.users import Credentials, UserRepository
from app.runtime import UnitOfWork
from app.schemas.audit import Action  # audit
from app.schemas.users import PasswordChange, UserAdminUpdate, UserQuery, UserRead, UserUpdate
from app.scopes import Role
from app.services.audit import AuditService, note_apart  # audit
from app.services.limits import Limits
from app.services.notices import Notice, mail_notice
from app.services.sessions import LoginSessionService, user_tag

DELETED = "@deleted.invalid"  # a reserved domain: no such address exists (RFC 2606)  # personal_data


class UserNotFound(NotFound):
    code = "user_not_found"
    detail = "There is no such account."


class EmailTaken(Conflict):
    code = "email_taken"
    detail = "An account with this e-mail address already exists."


class WrongPassword(Conflict):
    code = "wrong_password"
    detail = "The current password is incorrect."


class PasswordIsAddress(BadRequest):
    code = "password_is_address"
    detail = "The password must not be the e-mail address."


class LastAdministrator(Conflict):
    code = "last_administrator"
    detail = "This is the last active administrator. Make another account an administrator first."


def refuse_address(password: str, email: str) -> None:
    """Raise PasswordIsAddress if the password is the address or its local part (ASVS 5.0, 6.2.11)."""
    if is_common(password, context=(email, email.partition("@")[0])):
        raise PasswordIsAddress


def device_subject(user_id: UUID, hashed_password: str) -> str:
    """Return the subject of device tokens. A new password changes it, so that no device is known any more."""
    return hashlib.sha256(f"{user_id}:{hashed_password}".encode()).hexdigest()


class UserService:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._users = UserRepository(work)
        self._sessions = LoginSessionService(work)
        self._tokens = MailedTokenRepository(work)
        self._audit = AuditService(work)  # audit
        self._limits = Limits(work.runtime, work.client)
        self._origin = work.runtime, work.client  # audit

    async def create(
        self,
        *,
        email: str,
        full_name: str,
        hashed_password: str,
        role: Role = Role.CUSTOMER,
        language: str | None = None,
    ) -> UserRead:
        """Create an account with a confirmed e-mail address. Raises EmailTaken."""
        user = User(email=email, full_name=full_name, hashed_password=hashed_password, role=role, language=language)
        with violation_as(EmailTaken, "uq_users_email"):
            await self._users.add(user)
        await self._audit.note(Action.ACCOUNT_CREATED, target_id=user.id, details={"role": role})  # audit
        return UserRead.model_validate(user)

    async def get(self, user_id: UUID, by: Caller | None = None) -> UserRead:
        """Return an account. `by`: the account that asks. Raises UserNotFound."""
        if by is not None and by.user_id != user_id:  # audit
            await note_apart(*self._origin, Action.ACCOUNT_READ, by, target_id=user_id)  # audit
        return _found(await self._users.read(user_id))

    async def get_by_email(self, email: str) -> UserRead:
        """Return the account with this address, in any spelling. Raises UserNotFound."""
        address = normalised_email(email)
        return _found(await self._users.read_by_email(address) if address else None)

    async def page(self, query: UserQuery, by: Caller | None = None) -> Page[UserRead]:
        if by is not None:  # audit
            await note_apart(*self._origin, Action.ACCOUNTS_LISTED, by)  # audit
        return await self._users.search(query)

    async def update(
        self,
        user_id: UUID,
        data: UserUpdate | UserAdminUpdate,
        by: Caller | None = None,
        *,
        expected_versions: Collection[int] | None = None,
    ) -> UserRead:
        """Change the given fields. `by`: None for the command line.

        Raises UserNotFound, PreconditionFailed, or LastAdministrator if no administrator would be left.
        """
        changes = data.model_dump()
        ends_admin = changes.get("role", Role.ADMIN) != Role.ADMIN or changes.get("is_active") is False
        user = await (self._lock_but_last_admin(user_id) if ends_admin else self._lock(user_id))
        user.require_version(expected_versions)
        await self._users.change(user, changes)
        if not user.is_active:
            await self._sessions.end_all(user_id)
            await self._tokens.delete_of(user_id)
        self._work.invalidate(user_tag(user_id))
        await self._audit.note(Action.ACCOUNT_CHANGED, by, target_id=user_id, details=changes)  # audit
        return UserRead.model_validate(user)

    async def change_password(self, data: PasswordChange, by: Caller) -> str:
        """Set the new password of the caller's account, end its other login sessions, and return a device token.

        Raises TooManyRequests, WrongPassword, PasswordIsAddress.
        """
        await self._limits.count("login", account=str(by.user_id))
        verified = await self.verify(data.current_password.get_secret_value(), by)
        refuse_address(data.new_password.get_secret_value(), verified.email)
        hashed = await self._work.runtime.passwords.hash(data.new_password.get_secret_value())
        user = await self.lock_verified(verified)
        await self.set_password(user, hashed, but=by.session_id)
        await self._audit.note(Action.PASSWORD_CHANGED, by, target_id=user.id)  # audit
        return self._work.runtime.device_tokens.issue(device_subject(user.id, hashed))

    async def set_password(self, user: User, hashed: str, *, but: UUID | None = None) -> None:
        """Set the password of a locked account, end its login sessions except `but`, and notify its owner. Tokens
        mailed before become invalid."""
        await self._users.change(user, {"hashed_password": hashed})
        await self._tokens.delete_of(user.id)
        await self._sessions.end_all(user.id, but=but)
        await self._notify(user, Notice.PASSWORD_CHANGED)

    # personal_data: begin
    async def anonymise(self, user_id: UUID, verified: Credentials | None = None) -> None:
        """Delete the personal data and the login sessions of an account. Rows that refer to it stay.

        `verified`: the credentials that its owner confirmed. Raises UserNotFound, LastAdministrator, WrongPassword.
        """
        user = await self._lock_but_last_admin(user_id)
        if verified is not None and user.hashed_password != verified.hashed_password:
            raise WrongPassword
        await self._notify(user, Notice.ACCOUNT_DELETED)
        gone = {"full_name": "Deleted account", "hashed_password": "", "language": None, "last_seen_at": None}
        await self._users.change(user, {"email": f"{user_id}{DELETED}", "is_active": False, **gone})
        await self._tokens.delete_of(user_id)
        await self._sessions.delete_all(user_id)

    # personal_data: end

    async def verify(self, password: str, by: Caller) -> Credentials:
        """Return the caller's credentials if the password is right (ASVS 5.0, 7.5.1). Raises WrongPassword.

        No connection is held while the hash is computed.
        """
        runtime = self._work.runtime
        async with runtime.reading(self._work.client) as reading:
            stored = await UserRepository(reading).credentials(by.user_id)
        valid, _ = await runtime.passwords.verify(password, stored.hashed_password if stored else None)
        if stored is None or not valid:
            await note_apart(*self._origin, Action.PASSWORD_REFUSED, by, target_id=by.user_id)  # audit
            raise WrongPassword
        return stored

    async def lock_verified(self, verified: Credentials) -> User:
        """Return the account, locked, if its password is still the verified one. Raises WrongPassword."""
        user = await self._lock(verified.user_id)
        if user.hashed_password != verified.hashed_password:
            raise WrongPassword
        return user

    async def _notify(self, user: User, notice: Notice) -> None:
        await self._work.enqueue(mail_notice, to=user.email, notice=notice, language=user.language)

    async def _lock(self, user_id: UUID) -> User:
        user = await self._users.lock(user_id)
        if user is None:
            raise UserNotFound
        if user.email.endswith(DELETED):  # personal_data
            raise UserNotFound  # personal_data
        return user

    async def _lock_but_last_admin(self, user_id: UUID) -> User:
        """Lock an account that is about to lose its role, after all administrators, in a fixed order."""
        others = set(await self._users.lock_admins()) - {user_id}
        user = await self._lock(user_id)
        if user.is_active and user.role == Role.ADMIN and not others:
            raise LastAdministrator
        return user


def _found(user: UserRead | None) -> UserRead:
    if user is None:
        raise UserNotFound
    return user
