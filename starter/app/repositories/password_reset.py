from uuid import UUID

from ondol.db.one_time import is_good, take
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import PasswordReset


class PasswordResetRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, reset: PasswordReset) -> None:
        self._session.add(reset)
        await self._session.flush()

    async def account_of(self, token: str) -> UUID | None:
        """Whose token it is. To be locked first: whoever changes an account then deletes its tokens."""
        return await self._session.scalar(select(PasswordReset.user_id).where(is_good(PasswordReset, token)))

    async def take(self, token: str) -> PasswordReset | None:
        return await take(self._session, PasswordReset, token)

    async def delete_all(self, user_id: UUID) -> None:
        await self._session.execute(delete(PasswordReset).where(PasswordReset.user_id == user_id))
