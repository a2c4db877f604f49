from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import RefreshToken, User, UserSession


class AuthRepository:
    """Refresh tokens."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get_locked(self, digest: bytes) -> Row[RefreshToken, UserSession, User] | None:
        """A refresh token with its session and user; two uses at once come one after the other."""
        statement = (
            select(RefreshToken, UserSession, User)
            .join(UserSession, UserSession.id == RefreshToken.session_id)
            .join(User, User.id == UserSession.user_id)
            .where(RefreshToken.digest == digest)
            .with_for_update(of=RefreshToken)
        )
        return (await self._session.execute(statement)).one_or_none()

    async def get_session(self, digest: bytes) -> UserSession | None:
        """The session that a refresh token belongs to."""
        statement = select(UserSession).join(RefreshToken).where(RefreshToken.digest == digest)
        return await self._session.scalar(statement)

    async def unused(self, digests: list[bytes]) -> bytes | None:
        """Which of these is a refresh token that was not used yet."""
        statement = select(RefreshToken.digest).where(RefreshToken.digest.in_(digests), RefreshToken.used_at.is_(None))
        return await self._session.scalar(statement)

    async def add(self, token: RefreshToken) -> None:
        self._session.add(token)
        await self._session.flush()
