from uuid import UUID

from ondol.db.one_time import is_good, take
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import EmailChange


class EmailChangeRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, change_id: UUID) -> EmailChange | None:
        return await self._session.get(EmailChange, change_id)

    async def add(self, change: EmailChange) -> None:
        self._session.add(change)
        await self._session.flush()

    async def account_of(self, token: str) -> UUID | None:
        """Whose token it is. To be locked first: whoever changes an account then deletes its tokens."""
        return await self._session.scalar(select(EmailChange.user_id).where(is_good(EmailChange, token)))

    async def take(self, token: str) -> EmailChange | None:
        return await take(self._session, EmailChange, token)

    async def delete_all(self, user_id: UUID) -> None:
        await self._session.execute(delete(EmailChange).where(EmailChange.user_id == user_id))
