from datetime import date, datetime
from uuid import UUID

from app.schemas.base import Input, Output
from app.seoul import SeoulDay


class AvailabilityQuery(Input):
    day: SeoulDay


class BookedTime(Output):
    room_id: UUID
    starts_at: datetime
    ends_at: datetime


class FreeTime(Output):
    starts_at: datetime
    ends_at: datetime


class RoomSummary(Output):
    id: UUID
    name: str
    capacity: int


class FreeRoom(RoomSummary):
    free: list[FreeTime]


class FreeRooms(Output):
    """The rooms of a location, each with its free times on a day."""

    location_id: UUID
    day: date
    rooms: list[FreeRoom]
