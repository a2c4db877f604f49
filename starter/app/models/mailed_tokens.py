from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ondol.db.base import HasId, HasTimes
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class Purpose(StrEnum):
    """The action that a mailed token allows."""

    REGISTRATION = "registration"  # registration
    PASSWORD_RESET = "password_reset"  # noqa: S105  # password_reset
    EMAIL_CHANGE = "email_change"  # email_change


class MailedToken(HasId, HasTimes, Model):
    """A one-time token that is mailed to `email`. The job that mails it creates it, so `digest` (its SHA-256) is null
    until then."""

    __tablename__ = "mailed_tokens"

    purpose: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    digest: Mapped[bytes | None] = mapped_column(unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
