from datetime import UTC, datetime
from uuid import UUID

from ondol import Conflict, NotFound, PreconditionFailed
from ondol.auth.passwords import PasswordHasher
from ondol.cache import Cache
from ondol.db.constraints import violation_as
from ondol.db.pagination import PageRows, Paginator
from ondol.db.session import Database
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import User
from app.repositories.auth import AuthRepository
from app.repositories.users import UserRepository
from app.schemas.users import PasswordChange, UserAdminUpdate, UserCreate, UserQuery, UserUpdate
from app.services.auth import user_tag


class UserNotFound(NotFound):
    code = "user_not_found"
    detail = "There is no such account."


class EmailTaken(Conflict):
    code = "email_taken"
    detail = "There is an account with this e-mail address already."


class WrongPassword(Conflict):
    code = "wrong_password"
    detail = "The current password is not right."


class UserService:
    def __init__(self, session: AsyncSession, database: Database, cache: Cache, passwords: PasswordHasher) -> None:
        self._session = session
        self._database = database
        self._cache = cache
        self._passwords = passwords
        self._users = UserRepository(session)

    async def register(self, data: UserCreate) -> User:
        # Hashed before the first statement: a connection is not held while it takes its time.
        hashed = await self._passwords.hash(data.password.get_secret_value())
        user = User(email=data.email, full_name=data.full_name, hashed_password=hashed)
        with violation_as(EmailTaken, "uq_users_email"):
            await self._users.add(user)
        return user

    async def get(self, user_id: UUID) -> User:
        user = await self._users.get(user_id)
        if user is None:
            raise UserNotFound
        return user

    async def page(self, query: UserQuery, paginator: Paginator) -> PageRows[User]:
        return await self._users.page(query, paginator)

    async def update(
        self, user_id: UUID, data: UserUpdate | UserAdminUpdate, *, expected_version: int | None = None
    ) -> User:
        user = await self._users.get_locked(user_id)
        if user is None:
            raise UserNotFound
        if expected_version is not None and user.version != expected_version:
            raise PreconditionFailed
        for name, value in data.model_dump().items():
            setattr(user, name, value)
        await self._session.flush()
        if not user.is_active:
            await AuthRepository(self._session).revoke_all(user_id, datetime.now(UTC))
        self._cache.invalidate(self._session, user_tag(user_id))
        return user

    async def change_password(self, user_id: UUID, session_id: UUID, data: PasswordChange) -> None:
        """Sets the new password and ends every other session of the account."""
        async with self._database.reading() as reading:
            user = await UserRepository(reading).get(user_id)
        valid, _ = await self._passwords.verify(
            data.current_password.get_secret_value(), user.hashed_password if user else None
        )
        if not valid:
            raise WrongPassword
        hashed = await self._passwords.hash(data.new_password.get_secret_value())
        verified_hash = user.hashed_password if user else None
        user = await self._users.get_locked(user_id)
        if user is None or user.hashed_password != verified_hash:
            raise WrongPassword  # changed while we looked
        user.hashed_password = hashed
        await AuthRepository(self._session).revoke_all(user_id, datetime.now(UTC), but=session_id)
        self._cache.invalidate(self._session, user_tag(user_id))
