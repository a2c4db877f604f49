from ondol.repository import Rows
from sqlalchemy import Row, select

from app.models import LoginSession, RefreshToken, User


class RefreshTokenRepository(Rows[RefreshToken]):
    async def lock(self, digest: bytes) -> Row[RefreshToken, LoginSession, User] | None:
        """Return a refresh token, locked, with its login session and account. Simultaneous uses run one by one."""
        statement = (
            select(RefreshToken, LoginSession, User)
            .join(LoginSession, LoginSession.id == RefreshToken.session_id)
            .join(User, User.id == LoginSession.user_id)
            .where(RefreshToken.digest == digest)
            .with_for_update(of=RefreshToken)
        )
        return (await self._session.execute(statement)).one_or_none()

    async def session_of(self, digest: bytes) -> LoginSession | None:
        """Return the login session that a refresh token belongs to."""
        statement = select(LoginSession).join(RefreshToken).where(RefreshToken.digest == digest)
        return await self._session.scalar(statement)

    async def unused(self, digests: list[bytes]) -> bytes | None:
        """Return the first of these digests that belongs to an unused refresh token."""
        statement = select(RefreshToken.digest).where(RefreshToken.digest.in_(digests), RefreshToken.used_at.is_(None))
        return await self._session.scalar(statement)
