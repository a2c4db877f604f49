from datetime import UTC, datetime
from uuid import UUID

from ondol.keys import digest
from ondol.repository import Rows
from sqlalchemy import ColumnElement, and_, delete, select

from app.models import MailedToken
from app.models.mailed_tokens import Purpose


class MailedTokenRepository(Rows[MailedToken]):
    async def get(self, id_: UUID) -> MailedToken | None:
        return await self._session.get(MailedToken, id_)

    async def user_of(self, purpose: Purpose, token: str) -> UUID | None:
        """Return whose token it is, without taking it."""
        return await self._session.scalar(select(MailedToken.user_id).where(_is_good(purpose, token)))

    async def take(self, purpose: Purpose, token: str) -> MailedToken | None:
        """Take the token out: of two requests with it, one gets it. None: it was used, has expired or never was."""
        taken = delete(MailedToken).where(_is_good(purpose, token)).returning(MailedToken)
        return await self._session.scalar(taken)

    async def delete_of(self, user_id: UUID, purpose: Purpose | None = None) -> None:
        """Delete an account's tokens, for one purpose or for all."""
        statement = delete(MailedToken).where(MailedToken.user_id == user_id)
        if purpose is not None:
            statement = statement.where(MailedToken.purpose == purpose)
        await self._session.execute(statement)

    async def delete_expired(self) -> None:
        await self._session.execute(delete(MailedToken).where(MailedToken.expires_at < datetime.now(UTC)))


def _is_good(purpose: Purpose, token: str) -> ColumnElement[bool]:
    return and_(
        MailedToken.digest == digest(token),
        MailedToken.purpose == purpose,
        MailedToken.expires_at > datetime.now(UTC),
    )
