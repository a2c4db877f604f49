from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from ondol.testing.factory import Factory

from factories.rooms import ROOMS

# Each one an hour later than the last: bookings of a room must not overlap.
_hours = count(48)


def at(hours: float) -> str:
    """Return the time `hours` after the start of the current hour."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def booking_body(known: Mapping[str, str]) -> dict[str, Any]:
    hour = next(_hours)
    return {"room_id": known["room_id"], "starts_at": at(hour), "ends_at": at(hour + 1), "note": f"note {hour}"}


BOOKINGS = Factory("/bookings", "booking_id", booking_body, is_owned=True, needs=(ROOMS,))
