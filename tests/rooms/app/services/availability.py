from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from app.repositories.availability import AvailabilityRepository
from app.repositories.locations import LocationRepository
from app.runtime import UnitOfWork
from app.schemas.availability import AvailabilityQuery, BookedTime, FreeRoom, FreeRooms, FreeTime
from app.seoul import begin, day_of
from app.services.locations import LocationNotFound, location_tag

CACHE_SECONDS = 60
"""A booking is seen at once; a new room within this time."""


def availability_tags(location_id: UUID, starts_at: datetime, ends_at: datetime) -> set[str]:
    """Return the tags of the cached availability that a booking in the location changes."""
    return {_tag(location_id, day_of(moment)) for moment in (starts_at, ends_at)}


def _tag(location_id: UUID, day: date) -> str:
    return f"free-rooms:{location_id}:{day}"


class AvailabilityService:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._availability = AvailabilityRepository(work)
        self._locations = LocationRepository(work)

    async def get(self, location_id: UUID, query: AvailabilityQuery) -> FreeRooms:
        """Return the free times of all rooms of a location. Raises LocationNotFound."""
        tag, load = _tag(location_id, query.day), partial(self._load, location_id, query.day)
        tags = [tag, location_tag(location_id)]
        found = await self._work.cached(tag, load, FreeRooms, seconds=CACHE_SECONDS, tags=tags)
        if found is None:
            raise LocationNotFound
        return found

    async def _load(self, location_id: UUID, day: date) -> FreeRooms | None:
        location = await self._locations.read(location_id)
        if location is None:
            return None
        opens, closes = (begin(day) + timedelta(hours=hour) for hour in (location.opens_hour, location.closes_hour))
        booked = await self._availability.booked(location_id, opens, closes)
        rooms = [
            FreeRoom(
                **room.model_dump(),
                free=list(_free(opens, closes, [each for each in booked if each.room_id == room.id])),
            )
            for room in await self._availability.rooms(location_id)
        ]
        return FreeRooms(location_id=location_id, day=day, rooms=rooms)


def _free(opens: datetime, closes: datetime, booked: Sequence[BookedTime]) -> Iterator[FreeTime]:
    """Yield the free times. `booked` must be in order and without overlaps."""
    start = opens
    for each in booked:
        if each.starts_at > start:
            yield FreeTime(starts_at=start, ends_at=each.starts_at)
        start = each.ends_at
    if start < closes:
        yield FreeTime(starts_at=start, ends_at=closes)
