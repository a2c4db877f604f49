from datetime import datetime
from decimal import Decimal
from uuid import UUID

from ondol.db.base import HasId, HasTimes, HasVersion
from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class Booking(HasId, HasTimes, HasVersion, Model):
    __tablename__ = "bookings"
    __table_args__ = (
        CheckConstraint("price >= 0", name="price_not_negative"),
        CheckConstraint("status IN ('booked', 'cancelled')", name="status_known"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        # The end is not part of the range: the next booking may begin there.
        ExcludeConstraint(
            ("room_id", "="),
            (func.tstzrange(text("starts_at"), text("ends_at")), "&&"),
            where=text("status = 'booked'"),
            name="ex_bookings_overlap",
            using="gist",
        ),
        # Each sort order has an index that ends in the id, so that a page costs the same at any depth.
        Index("ix_bookings_owner_id_starts_at_id", "owner_id", "starts_at", "id"),
        Index("ix_bookings_owner_id_created_at_id", "owner_id", "created_at", "id"),
        # For callers who may list the bookings of all owners, newest first.
        Index("ix_bookings_created_at_id", "created_at", "id"),
        Index("ix_bookings_starts_at", "starts_at"),  # for the occupancy report
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    room_id: Mapped[UUID] = mapped_column(ForeignKey("rooms.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    price: Mapped[Decimal] = mapped_column(Numeric(12, 0))
    status: Mapped[str] = mapped_column(String(20), default="booked")
    note: Mapped[str | None] = mapped_column(Text)
