from datetime import date
from decimal import Decimal
from typing import Self
from uuid import UUID

from pydantic import model_validator

from app.schemas.base import Input, Output
from app.seoul import SeoulDay

MOST_DAYS = 366


class OccupancyQuery(Input):
    """The first and the last day, in Seoul."""

    first: SeoulDay
    last: SeoulDay

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= (self.last - self.first).days < MOST_DAYS:
            raise ValueError(f"`last` must not be before `first`, and the range has at most {MOST_DAYS} days.")
        return self


class RoomOccupancy(Output):
    room_id: UUID
    room: str
    bookings: int
    hours: float
    revenue: Decimal


class Occupancy(Output):
    """The occupancy of each room. A booking counts for the day on which it begins."""

    first: date
    last: date
    rooms: list[RoomOccupancy]
