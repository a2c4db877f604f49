from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ondol.db.pagination import Page
from ondol.repository import Repository
from sqlalchemy import ColumnElement, select, update

from app.models import User
from app.schemas.users import UserQuery, UserRead
from app.scopes import Role


@dataclass(frozen=True, slots=True)
class Credentials:
    """The stored credentials of an account. No schema exposes them."""

    user_id: UUID
    email: str
    hashed_password: str


class UserRepository(Repository[User, UserRead]):
    async def search(self, query: UserQuery) -> Page[UserRead]:
        statement = select(User).order_by(User.id)
        if query.role is not None:
            statement = statement.where(User.role == query.role)
        if query.is_active is not None:
            statement = statement.where(User.is_active == query.is_active)
        return await self.page(statement, query)

    async def read_by_email(self, email: str) -> UserRead | None:
        return await self._read(select(User).where(User.email == email))

    async def credentials_by_email(self, email: str) -> Credentials | None:
        return await self._credentials(User.email == email)

    async def credentials(self, user_id: UUID) -> Credentials | None:
        return await self._credentials(User.id == user_id)

    async def lock_by_email(self, email: str) -> User | None:
        return await self._lock(select(User).where(User.email == email))

    async def lock_admins(self) -> Sequence[UUID]:
        """Lock the active administrators in a fixed order, so that two demotions cannot remove the last one."""
        statement = select(User.id).where(User.role == Role.ADMIN, User.is_active).order_by(User.id).with_for_update()
        return (await self._session.scalars(statement)).all()

    async def stamp_last_seen(self, user_id: UUID, at: datetime) -> None:
        """Set `last_seen_at` without a new version: a login must not conflict with an edit of the account."""
        await self._session.execute(
            update(User).where(User.id == user_id).values(last_seen_at=at, updated_at=User.updated_at)
        )

    async def _credentials(self, condition: ColumnElement[bool]) -> Credentials | None:
        row = (await self._session.execute(select(User.id, User.email, User.hashed_password).where(condition))).first()
        return None if row is None else Credentials(*row)
