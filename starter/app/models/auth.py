from datetime import datetime
from uuid import UUID

from ondol.db.base import HasId, HasTimes
from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class UserSession(HasId, HasTimes, Model):
    """One login: the family of refresh tokens that descend from it, and the `sid` of its access tokens."""

    __tablename__ = "user_sessions"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class RefreshToken(HasId, HasTimes, Model):
    """A refresh token, as its SHA-256 only."""

    __tablename__ = "refresh_tokens"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("user_sessions.id", ondelete="CASCADE"), index=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
    used_at: Mapped[datetime | None]
