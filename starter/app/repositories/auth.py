from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import RefreshToken, User, UserSession


class AuthRepository:
    """Sessions and their refresh tokens."""

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

    async def get_token_locked(self, digest: bytes) -> Row[RefreshToken, UserSession, User] | None:
        """A refresh token with its session and user; two uses at once come one after the other."""
        statement = (
            select(RefreshToken, UserSession, User)
            .join(UserSession, UserSession.id == RefreshToken.session_id)
            .join(User, User.id == UserSession.user_id)
            .where(RefreshToken.digest == digest)
            .with_for_update(of=RefreshToken)
        )
        return (await self._session.execute(statement)).one_or_none()

    async def was_used(self, digest: bytes) -> bool:
        """Whether the refresh token has been used; one that does not exist has not."""
        used_at = await self._session.scalar(select(RefreshToken.used_at).where(RefreshToken.digest == digest))
        return used_at is not None

    async def add_session(self, user_session: UserSession) -> None:
        self._session.add(user_session)
        await self._session.flush()

    async def add_token(self, token: RefreshToken) -> None:
        self._session.add(token)
        await self._session.flush()

    async def revoke(self, session_id: UUID, at: datetime) -> None:
        await self._session.execute(
            update(UserSession)
            .where(UserSession.id == session_id, UserSession.revoked_at.is_(None))
            .values(revoked_at=at)
        )

    async def revoke_all(self, user_id: UUID, at: datetime, *, but: UUID | None = None) -> None:
        statement = update(UserSession).where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
        if but is not None:
            statement = statement.where(UserSession.id != but)
        await self._session.execute(statement.values(revoked_at=at))

    async def delete_expired(self, before: datetime) -> None:
        await self._session.execute(delete(UserSession).where(UserSession.expires_at < before))
