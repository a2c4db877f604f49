from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from ondol import Conflict, NotFound
from ondol.db.constraints import violation_as
from ondol.db.pagination import Page
from ondol.jobs.queue import retries
from ondol.ownership import Owner
from procrastinate import Blueprint, JobContext

from app.models import Booking
from app.repositories.bookings import BookingRepository
from app.repositories.rooms import RoomRepository
from app.runtime import Runtime, UnitOfWork
from app.schemas.bookings import BookingCreate, BookingQuery, BookingRead, BookingStatus
from app.seoul import written
from app.services.availability import availability_tags

AHEAD, CANCEL_BEFORE, REMIND_BEFORE = timedelta(days=365), timedelta(hours=1), timedelta(hours=1)

jobs = Blueprint()


class BookingNotFound(NotFound):
    code = "booking_not_found"
    detail = "There is no such booking."


class UnknownRoom(Conflict):
    code = "unknown_room"
    detail = "There is no such room."


class RoomTaken(Conflict):
    code = "room_taken"
    detail = "The room is booked at this time."


class NotBookable(Conflict):
    code = "not_bookable"
    detail = f"A booking begins in the future, at most {AHEAD.days} days ahead."


class TooLateToCancel(Conflict):
    code = "too_late_to_cancel"
    detail = "A booking can be cancelled up to an hour before it begins."


class BookingService:
    """Bookings of one `owner`. Bookings of other owners raise BookingNotFound."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._bookings = BookingRepository(work)
        self._rooms = RoomRepository(work)

    async def get(self, owner: Owner, booking_id: UUID) -> BookingRead:
        """Return a booking. Raises BookingNotFound."""
        booking = await self._bookings.read(owner, booking_id)
        if booking is None:
            raise BookingNotFound
        return booking

    async def page(self, owner: Owner, query: BookingQuery) -> Page[BookingRead]:
        return await self._bookings.search(owner, query)

    async def create(self, owner_id: UUID, data: BookingCreate) -> BookingRead:
        """Book a room at its current price. Raises NotBookable, UnknownRoom, RoomTaken."""
        now = datetime.now(UTC)
        if not now < data.starts_at <= now + AHEAD:
            raise NotBookable
        # Locked: if two transactions conflict in the exclusion constraint, PostgreSQL aborts one as a deadlock.
        room = await self._rooms.lock(data.room_id)
        if room is None:
            raise UnknownRoom
        price = room.hourly_price * Decimal((data.ends_at - data.starts_at) / timedelta(hours=1))
        booking = Booking(owner_id=owner_id, price=round(price), **data.model_dump())
        with violation_as(RoomTaken, "ex_bookings_overlap"):
            await self._bookings.add(booking)
        made = BookingRead.model_validate(booking)
        self._work.invalidate(*availability_tags(room.location_id, made.starts_at, made.ends_at))
        await self._bookings.announce(made)
        await self._work.enqueue(mail_confirmation, booking_id=made.id)
        if (moment := made.starts_at - REMIND_BEFORE) > now:
            await self._work.enqueue_at(moment, mail_reminder, booking_id=made.id)
        return made

    async def cancel(self, owner: Owner, booking_id: UUID) -> BookingRead:
        """Cancel a booking. Cancelling again changes nothing. Raises BookingNotFound, TooLateToCancel."""
        booking = await self._bookings.lock(owner, booking_id)
        if booking is None:
            raise BookingNotFound
        if booking.status == BookingStatus.BOOKED:
            if datetime.now(UTC) > booking.starts_at - CANCEL_BEFORE:
                raise TooLateToCancel
            await self._bookings.change(booking, {"status": BookingStatus.CANCELLED})
            room = await self._rooms.read(booking.room_id)
            assert room is not None  # a foreign key protects it
            self._work.invalidate(*availability_tags(room.location_id, booking.starts_at, booking.ends_at))
        return BookingRead.model_validate(booking)


@jobs.task(name="bookings.mail_confirmation", pass_context=True, retry=retries())
async def mail_confirmation(context: JobContext, *, booking_id: UUID) -> None:
    await _mail(Runtime.of(context), booking_id, "예약 확인")


@jobs.task(name="bookings.mail_reminder", pass_context=True, retry=retries())
async def mail_reminder(context: JobContext, *, booking_id: UUID) -> None:
    await _mail(Runtime.of(context), booking_id, "곧 시작합니다")


async def _mail(runtime: Runtime, booking_id: UUID, subject: str) -> None:
    async with runtime.reading() as work:
        notice = await BookingRepository(work).notice(booking_id)
    if notice is None:
        return  # cancelled since the job was enqueued
    text = f"{notice.room}, {written(notice.starts_at)}, {notice.price:,}원\n"
    await runtime.mailer.send(to=notice.email, subject=f"{subject}: {notice.room}", text=text)
