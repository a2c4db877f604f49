from uuid import UUID

from ondol.db.base import HasId, HasTimes
from ondol.db.one_time import HasOneTimeToken
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class PasswordReset(HasId, HasTimes, HasOneTimeToken, Model):
    """Whoever has its token may set a new password, once."""

    __tablename__ = "password_resets"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
