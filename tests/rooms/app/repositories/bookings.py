from collections.abc import AsyncIterator
from uuid import UUID

from ondol.db.pagination import Page
from ondol.ownership import Owner
from ondol.repository import OwnedRepository
from sqlalchemy import func, select

from app.models import Booking, Room, User
from app.schemas.bookings import BookingNotice, BookingQuery, BookingRead, BookingSort, BookingStatus

CHANNEL = "new_bookings"

_ORDER = {
    BookingSort.NEWEST: (Booking.created_at.desc(), Booking.id.desc()),
    BookingSort.OLDEST: (Booking.created_at, Booking.id),
    BookingSort.STARTS_AT: (Booking.starts_at, Booking.id),
    BookingSort.STARTS_AT_DESCENDING: (Booking.starts_at.desc(), Booking.id.desc()),
}
_SORTED = {sort: select(Booking).order_by(*order) for sort, order in _ORDER.items()}


class BookingRepository(OwnedRepository[Booking, BookingRead]):
    owner_column = Booking.owner_id

    async def search(self, owner: Owner, query: BookingQuery) -> Page[BookingRead]:
        statement = _SORTED[query.sort]
        if query.room_id is not None:
            statement = statement.where(Booking.room_id == query.room_id)
        if query.min_starts_at is not None:
            statement = statement.where(Booking.starts_at >= query.min_starts_at)
        if query.max_starts_at is not None:
            statement = statement.where(Booking.starts_at <= query.max_starts_at)
        if query.status is not None:
            statement = statement.where(Booking.status == query.status)
        return await self.page(owner, statement, query)

    async def stream(self, owner: Owner) -> AsyncIterator[BookingRead]:
        """Yield all bookings by start time. Needs a transaction, because its cursor ends with it."""
        statement = self._of(owner, select(Booking).order_by(Booking.starts_at, Booking.id))
        found = await self._session.stream_scalars(statement.execution_options(yield_per=500))
        async for booking in found:
            yield BookingRead.model_validate(booking)

    async def notice(self, booking_id: UUID) -> BookingNotice | None:
        """Return the data of a mail about a booking, or None if it was cancelled or deleted."""
        statement = (
            select(User.email, Room.name.label("room"), Booking.starts_at, Booking.price)
            .join(User, User.id == Booking.owner_id)
            .join(Room, Room.id == Booking.room_id)
            .where(Booking.id == booking_id, Booking.status == BookingStatus.BOOKED)
        )
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else BookingNotice.model_validate(row)

    async def announce(self, booking: BookingRead) -> None:
        """Notify listeners when the transaction commits."""
        await self._session.execute(select(func.pg_notify(CHANNEL, booking.model_dump_json())))
