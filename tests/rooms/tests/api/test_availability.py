from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from ondol.testing.factory import Maker

from app.seoul import begin
from factories.bookings import BOOKINGS
from factories.locations import LOCATIONS
from factories.rooms import ROOMS

DAY = date.today() + timedelta(days=7)


def at(hour: float) -> str:
    return f"{begin(DAY) + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}"


def times(*hours: tuple[float, float]) -> list[dict[str, str]]:
    return [{"starts_at": at(start), "ends_at": at(end)} for start, end in hours]


@pytest.fixture
def location(make: Maker) -> dict[str, Any]:
    return make(LOCATIONS, opens_hour=9, closes_hour=18)


def free(client: TestClient, location: dict[str, Any]) -> Any:
    answer = client.get(f"{LOCATIONS.url}/{location['id']}/free-rooms", params={"day": str(DAY)})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "public, max-age=10"
    return {room["name"]: room["free"] for room in answer.json()["rooms"]}


def test_a_room_is_free_where_it_is_not_booked(
    client: TestClient, make: Maker, customer: Any, location: dict[str, Any]
) -> None:
    one, _ = (make(ROOMS, name=name, location_id=location["id"]) for name in ("one", "other"))
    make(ROOMS, name="elsewhere")
    for start, end in ((8, 10), (12, 13), (13, 14.5)):
        make(BOOKINGS, customer, room_id=one["id"], starts_at=at(start), ends_at=at(end))
    assert free(client, location) == {"one": times((10, 12), (14.5, 18)), "other": times((9, 18))}


def test_the_list_comes_from_the_cache_until_a_booking_or_the_location_changes(
    client: TestClient, make: Maker, customer: Any, admin: Any, location: dict[str, Any], statements: list[str]
) -> None:
    room = make(ROOMS, name="one", location_id=location["id"])
    assert free(client, location) == {"one": times((9, 18))}
    statements.clear()
    free(client, location)
    assert statements == []
    booking = make(BOOKINGS, customer, room_id=room["id"], starts_at=at(9), ends_at=at(17))
    assert free(client, location) == {"one": times((17, 18))}
    client.post(f"{BOOKINGS.url}/{booking['id']}/cancel", headers=customer.headers)
    assert free(client, location) == {"one": times((9, 18))}
    client.patch(f"{LOCATIONS.url}/{location['id']}", json={"closes_hour": 12}, headers=admin.headers)
    assert free(client, location) == {"one": times((9, 12))}


def test_a_location_that_does_not_exist(client: TestClient) -> None:
    url = f"{LOCATIONS.url}/01900000-0000-7000-8000-000000000001/free-rooms"
    assert client.get(url, params={"day": str(DAY)}).json()["code"] == "location_not_found"
