from uuid import UUID

from ondol.db.base import HasTimes
from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class Picture(HasTimes, Model):
    """A room's picture. It is stored in the database, so that every replica and every backup has it."""

    __tablename__ = "pictures"

    room_id: Mapped[UUID] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(20))
    content: Mapped[bytes] = mapped_column(LargeBinary)
