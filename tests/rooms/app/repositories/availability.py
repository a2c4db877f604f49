from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.models import Booking, Room
from app.runtime import UnitOfWork
from app.schemas.availability import BookedTime, RoomSummary
from app.schemas.bookings import BookingStatus


class AvailabilityRepository:
    def __init__(self, work: UnitOfWork) -> None:
        self._session = work.session

    async def rooms(self, location_id: UUID) -> list[RoomSummary]:
        statement = select(Room.id, Room.name, Room.capacity).where(Room.location_id == location_id).order_by(Room.name)
        return [RoomSummary.model_validate(row) for row in await self._session.execute(statement)]

    async def booked(self, location_id: UUID, start: datetime, end: datetime) -> list[BookedTime]:
        """Return the booked times between `start` and `end`, in order."""
        statement = (
            select(Booking.room_id, Booking.starts_at, Booking.ends_at)
            .join(Room, Room.id == Booking.room_id)
            .where(Room.location_id == location_id, Booking.status == BookingStatus.BOOKED)
            .where(Booking.starts_at < end, Booking.ends_at > start)
            .order_by(Booking.starts_at)
        )
        return [BookedTime.model_validate(row) for row in await self._session.execute(statement)]
