from datetime import datetime
from uuid import UUID

from ondol.db.filters import owned_by
from ondol.db.pagination import Page
from ondol.ownership import Owner
from ondol.repository import OwnedRepository
from sqlalchemy import Row, delete, select, update

from app.models import LoginSession, User
from app.schemas.sessions import LoginSessionQuery, LoginSessionRead


class LoginSessionRepository(OwnedRepository[LoginSession, LoginSessionRead]):
    owner_column = LoginSession.user_id

    async def state(self, session_id: UUID) -> Row[datetime, datetime | None, bool, str] | None:
        """Return what authentication needs: the session's expiry and revocation, the account's state and role."""
        statement = (
            select(LoginSession.expires_at, LoginSession.revoked_at, User.is_active, User.role)
            .join(User, User.id == LoginSession.user_id)
            .where(LoginSession.id == session_id)
        )
        return (await self._session.execute(statement)).one_or_none()

    async def search_alive(
        self, user: Owner, query: LoginSessionQuery, *, now: datetime, used_after: datetime
    ) -> Page[LoginSessionRead]:
        """Return a page of active sessions, newest first."""
        statement = (
            select(LoginSession)
            .where(
                LoginSession.revoked_at.is_(None),
                LoginSession.expires_at > now,
                LoginSession.last_used_at > used_after,
            )
            .order_by(LoginSession.id.desc())
        )
        return await self.page(user, statement, query)

    async def revoke(self, user: Owner, session_id: UUID, at: datetime) -> bool:
        """Revoke a session. Return False if it does not exist or is already revoked."""
        statement = update(LoginSession).where(
            owned_by(LoginSession.user_id, user), LoginSession.id == session_id, LoginSession.revoked_at.is_(None)
        )
        return await self._session.scalar(statement.values(revoked_at=at).returning(LoginSession.id)) is not None

    async def revoke_all(self, user_id: UUID, at: datetime, *, but: UUID | None = None) -> None:
        statement = update(LoginSession).where(LoginSession.user_id == user_id, LoginSession.revoked_at.is_(None))
        if but is not None:
            statement = statement.where(LoginSession.id != but)
        await self._session.execute(statement.values(revoked_at=at))

    # personal_data: begin
    async def delete_all(self, user_id: UUID) -> None:
        await self._session.execute(delete(LoginSession).where(LoginSession.user_id == user_id))

    # personal_data: end

    async def delete_expired(self, before: datetime) -> None:
        await self._session.execute(delete(LoginSession).where(LoginSession.expires_at < before))
