"""Rows that stand for something a mailed token allows, once: made with a digest, taken out by the token itself."""

from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ondol.auth.opaque import digest


class HasOneTimeToken:
    """The columns of such a model. `digest`: the token's SHA-256; null until it was made. `expires_at`: aware."""

    digest: Mapped[bytes | None] = mapped_column(unique=True, sort_order=80)
    expires_at: Mapped[datetime] = mapped_column(index=True, sort_order=81)


T = TypeVar("T", bound=HasOneTimeToken)


async def take(session: AsyncSession, kind: type[T], token: str) -> T | None:
    """Takes the row of this token out, in the session's transaction: of two at once one gets it. None: there is none
    (any more), or it has expired."""
    statement = delete(kind).where(kind.digest == digest(token), kind.expires_at > datetime.now(UTC)).returning(kind)
    taken: T | None = await session.scalar(statement)
    return taken


async def delete_expired(session: AsyncSession, *kinds: type[HasOneTimeToken]) -> None:
    for kind in kinds:
        await session.execute(delete(kind).where(kind.expires_at < datetime.now(UTC)))
