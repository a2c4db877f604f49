from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ondol.db.pagination import PageRows, Paginator
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import User
from app.schemas.users import UserQuery
from app.scopes import Role


class UserRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, user_id: UUID) -> User | None:
        return await self._session.get(User, user_id)

    async def get_locked(self, user_id: UUID) -> User | None:
        return await self._session.get(User, user_id, with_for_update=True, populate_existing=True)

    async def lock_admins(self) -> Sequence[UUID]:
        """The active administrators, in one order for everybody: who takes one away must know that another stays."""
        statement = select(User.id).where(User.role == Role.ADMIN, User.is_active).order_by(User.id).with_for_update()
        return (await self._session.scalars(statement)).all()

    async def get_by_email(self, email: str) -> User | None:
        return await self._session.scalar(select(User).where(User.email == email))

    async def lock_by_email(self, email: str) -> User | None:
        return await self._session.scalar(select(User).where(User.email == email).with_for_update())

    async def page(self, query: UserQuery, paginator: Paginator) -> PageRows[User]:
        statement = select(User).order_by(User.id)
        if query.role is not None:
            statement = statement.where(User.role == query.role)
        if query.is_active is not None:
            statement = statement.where(User.is_active == query.is_active)
        return await paginator.page(self._session, statement, query)

    async def add(self, user: User) -> None:
        self._session.add(user)
        await self._session.flush()

    async def stamp_last_seen(self, user_id: UUID, at: datetime) -> None:
        """Past the version column on purpose: having been seen is no change that an edit could conflict with."""
        await self._session.execute(
            update(User).where(User.id == user_id).values(last_seen_at=at, updated_at=User.updated_at)
        )
