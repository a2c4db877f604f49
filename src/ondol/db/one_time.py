"""Rows that stand for something a mailed token allows, once: made with a digest, taken out by the token itself."""

from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ondol.auth.opaque import digest


class HasOneTimeToken:
    """The columns of such a model. `digest`: the token's SHA-256; null until it was made. `expires_at`: aware."""

    digest: Mapped[bytes | None] = mapped_column(unique=True, sort_order=80)
    expires_at: Mapped[datetime] = mapped_column(index=True, sort_order=81)


T = TypeVar("T", bound=HasOneTimeToken)


def is_good(kind: type[T], token: str) -> ColumnElement[bool]:
    """The condition for the row of this token, as long as it has not expired."""
    return and_(kind.digest == digest(token), kind.expires_at > datetime.now(UTC))


async def take(session: AsyncSession, kind: type[T], token: str) -> T | None:
    """Takes the row of this token out, in the session's transaction: of two at once one gets it. None: there is none
    (any more), or it has expired."""
    taken: T | None = await session.scalar(delete(kind).where(is_good(kind, token)).returning(kind))
    return taken


async def delete_expired(session: AsyncSession, *kinds: type[HasOneTimeToken]) -> None:
    for kind in kinds:
        await session.execute(delete(kind).where(kind.expires_at < datetime.now(UTC)))
