from datetime import datetime
from uuid import UUID

from ondol.db.base import HasId, HasTimes
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class RefreshToken(HasId, HasTimes, Model):
    """A refresh token, stored only as its SHA-256."""

    __tablename__ = "refresh_tokens"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("login_sessions.id", ondelete="CASCADE"), index=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
    used_at: Mapped[datetime | None]
