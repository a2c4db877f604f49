from ondol.db.base import HasId, HasTimes
from ondol.db.one_time import HasOneTimeToken
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class Registration(HasId, HasTimes, HasOneTimeToken, Model):
    """Somebody who asked for an account and has yet to prove that the address is theirs."""

    __tablename__ = "registrations"

    email: Mapped[str] = mapped_column(String(254))
    full_name: Mapped[str] = mapped_column(String(100))
    hashed_password: Mapped[str] = mapped_column(String(200))
