from datetime import datetime

from sqlalchemy import and_, func, select

from app.models import Booking, Room, User
from app.runtime import UnitOfWork
from app.schemas.bookings import BookingStatus
from app.schemas.occupancy import RoomOccupancy
from app.scopes import Role


class OccupancyRepository:
    """Occupancy figures of all rooms."""

    def __init__(self, work: UnitOfWork) -> None:
        self._session = work.session

    async def between(self, start: datetime, end: datetime) -> list[RoomOccupancy]:
        """Return the occupancy of each room, including rooms without bookings."""
        seconds = func.sum(func.extract("epoch", Booking.ends_at - Booking.starts_at))
        counted = and_(
            Booking.room_id == Room.id,
            Booking.status == BookingStatus.BOOKED,
            Booking.starts_at >= start,
            Booking.starts_at < end,
        )
        statement = (
            select(
                Room.id.label("room_id"),
                Room.name.label("room"),
                func.count(Booking.id).label("bookings"),
                (func.coalesce(seconds, 0) / 3600).label("hours"),
                func.coalesce(func.sum(Booking.price), 0).label("revenue"),
            )
            .outerjoin(Booking, counted)
            .group_by(Room.id)
            .order_by(Room.name)
        )
        return [RoomOccupancy.model_validate(row) for row in await self._session.execute(statement)]

    async def recipients(self) -> list[str]:
        """Return the e-mail addresses that get the nightly report."""
        statement = select(User.email).where(User.role == Role.ADMIN, User.is_active).order_by(User.email)
        return list(await self._session.scalars(statement))
