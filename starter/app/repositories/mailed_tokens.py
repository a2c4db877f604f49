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
        """Return the account of a token, without using the token."""
        return await self._session.scalar(select(MailedToken.user_id).where(_is_good(purpose, token)))

    async def take(self, purpose: Purpose, token: str) -> MailedToken | None:
        """Delete and return a token: of two requests, one gets it. None if it is unknown, used or expired."""
        taken = delete(MailedToken).where(_is_good(purpose, token)).returning(MailedToken)
        return await self._session.scalar(taken)

    async def delete_of(self, user_id: UUID, purpose: Purpose | None = None) -> None:
        """Delete the tokens of an account, of one purpose or all."""
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
