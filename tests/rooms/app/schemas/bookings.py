from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from ondol.db.pagination import PageQuery
from ondol.types import Moment, Text
from pydantic import StringConstraints, model_validator

from app.schemas.base import Input, Output

HALF_HOUR, LONGEST = timedelta(minutes=30), timedelta(hours=12)

Note = Annotated[Text, StringConstraints(max_length=500)]


class BookingStatus(StrEnum):
    BOOKED = "booked"
    CANCELLED = "cancelled"


class BookingCreate(Input):
    room_id: UUID
    starts_at: Moment
    ends_at: Moment
    note: Note | None = None

    @model_validator(mode="after")
    def _in_half_hours(self) -> Self:
        length = self.ends_at - self.starts_at
        if not HALF_HOUR <= length <= LONGEST or length % HALF_HOUR:
            raise ValueError("A booking must last half an hour to twelve hours, in steps of half an hour.")
        return self


class BookingRead(Output):
    id: UUID
    owner_id: UUID
    room_id: UUID
    starts_at: datetime
    ends_at: datetime
    price: Decimal
    status: BookingStatus
    note: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class BookingNotice(Output):
    """The recipient and the data of a mail about a booking."""

    email: str
    room: str
    starts_at: datetime
    price: Decimal


class BookingSort(StrEnum):
    NEWEST = "-created_at"
    OLDEST = "created_at"
    STARTS_AT = "starts_at"
    STARTS_AT_DESCENDING = "-starts_at"


class BookingQuery(PageQuery):
    """The query parameters of the booking list."""

    room_id: UUID | None = None
    min_starts_at: Moment | None = None
    max_starts_at: Moment | None = None
    status: BookingStatus | None = None
    sort: BookingSort = BookingSort.NEWEST
