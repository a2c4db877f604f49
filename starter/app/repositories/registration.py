from uuid import UUID

from ondol.db.one_time import take
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Registration


class RegistrationRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, registration_id: UUID) -> Registration | None:
        return await self._session.get(Registration, registration_id)

    async def add(self, registration: Registration) -> None:
        self._session.add(registration)
        await self._session.flush()

    async def take(self, token: str) -> Registration | None:
        return await take(self._session, Registration, token)
