from datetime import datetime
from uuid import UUID

from ondol.db.pagination import PageRows, Paginator
from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import User, UserSession
from app.schemas.sessions import SessionQuery


class SessionRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def state(self, session_id: UUID) -> Row[datetime, datetime | None, bool, str] | None:
        """What authenticating a request depends on: the session's expiry and revocation, the user's state and role."""
        statement = (
            select(UserSession.expires_at, UserSession.revoked_at, User.is_active, User.role)
            .join(User, User.id == UserSession.user_id)
            .where(UserSession.id == session_id)
        )
        return (await self._session.execute(statement)).one_or_none()

    async def page_alive(
        self, user_id: UUID, query: SessionQuery, paginator: Paginator, *, now: datetime, used_after: datetime
    ) -> PageRows[UserSession]:
        """Newest first."""
        statement = (
            select(UserSession)
            .where(
                UserSession.user_id == user_id,
                UserSession.revoked_at.is_(None),
                UserSession.expires_at > now,
                UserSession.last_used_at > used_after,
            )
            .order_by(UserSession.id.desc())
        )
        return await paginator.page(self._session, statement, query, bound_to=str(user_id))

    async def add(self, user_session: UserSession) -> None:
        self._session.add(user_session)
        await self._session.flush()

    async def revoke(self, session_id: UUID, at: datetime, *, user_id: UUID | None = None) -> bool:
        """Whether there was one to revoke, of this user if one is named."""
        statement = update(UserSession).where(UserSession.id == session_id, UserSession.revoked_at.is_(None))
        if user_id is not None:
            statement = statement.where(UserSession.user_id == user_id)
        found = await self._session.scalar(statement.values(revoked_at=at).returning(UserSession.id))
        return found is not None

    async def revoke_all(self, user_id: UUID, at: datetime, *, but: UUID | None = None) -> None:
        statement = update(UserSession).where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
        if but is not None:
            statement = statement.where(UserSession.id != but)
        await self._session.execute(statement.values(revoked_at=at))

    async def delete_expired(self, before: datetime) -> None:
        await self._session.execute(delete(UserSession).where(UserSession.expires_at < before))
