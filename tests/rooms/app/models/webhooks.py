from uuid import UUID

from ondol.db.base import HasTimes
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class PaymentEvent(HasTimes, Model):
    """An event from the payment provider, stored once even if it is sent repeatedly. The id is the provider's."""

    __tablename__ = "payment_events"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    type: Mapped[str] = mapped_column(String(20))
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.id"), index=True)
