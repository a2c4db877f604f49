from datetime import datetime
from uuid import UUID

from ondol.db.base import HasId, HasTimes
from sqlalchemy import ForeignKey, String, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class LoginSession(HasId, HasTimes, Model):
    """A login session: a family of refresh tokens. Its id is the `sid` of its access tokens."""

    __tablename__ = "login_sessions"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[str] = mapped_column(Text)
    user_agent: Mapped[str] = mapped_column(String(200), default="", server_default="")
    address: Mapped[str] = mapped_column(String(45), default="", server_default="")
    # Updated on refresh only, which happens every few minutes in use: other requests write nothing.
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
