from uuid import UUID

from ondol.db.base import HasId, HasTimes
from ondol.db.one_time import HasOneTimeToken
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class EmailChange(HasId, HasTimes, HasOneTimeToken, Model):
    """An account that wants another address, and has yet to prove that it is theirs."""

    __tablename__ = "email_changes"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(String(254))
