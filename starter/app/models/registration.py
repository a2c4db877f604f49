from ondol.db.base import HasId, HasTimes
from ondol.db.one_time import HasOneTimeToken
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class Registration(HasId, HasTimes, HasOneTimeToken, Model):
    """An account that was asked for; whoever asked has yet to prove that the address is theirs."""

    __tablename__ = "registrations"

    email: Mapped[str] = mapped_column(String(254))
