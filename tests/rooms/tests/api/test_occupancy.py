from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from fastapi.testclient import TestClient
from ondol.testing.factory import Maker

from app.seoul import day_of
from app.services.occupancy import mail_report
from factories.bookings import BOOKINGS, at
from factories.rooms import ROOMS

URL = "/api/v1/occupancy"


@pytest.fixture
def booked(client: TestClient, make: Maker, customer: Any) -> None:
    """Create two rooms. One is booked for three hours, and for one more hour that was cancelled."""
    room = make(ROOMS, name="큰 방", hourly_price="20000")
    make(ROOMS, name="작은 방")
    make(BOOKINGS, customer, room_id=room["id"], starts_at=at(72), ends_at=at(75))
    cancelled = make(BOOKINGS, customer, room_id=room["id"], starts_at=at(75), ends_at=at(76))
    client.post(f"{BOOKINGS.url}/{cancelled['id']}/cancel", headers=customer.headers)


@pytest.mark.usefixtures("booked")
def test_how_full_rooms_are_on_some_days(client: TestClient, admin: Any) -> None:
    day = day_of(datetime.fromisoformat(at(72)))
    days = {"first": str(day), "last": str(day)}
    small, large = client.get(URL, params=days, headers=admin.headers).json()["rooms"]
    assert (small["room"], small["bookings"], small["hours"], small["revenue"]) == ("작은 방", 0, 0, "0")
    assert (large["room"], large["bookings"], large["hours"], large["revenue"]) == ("큰 방", 1, 3, "60000")
    before = {name: str(day - timedelta(days=1)) for name in days}
    assert {room["bookings"] for room in client.get(URL, params=before, headers=admin.headers).json()["rooms"]} == {0}


@pytest.mark.parametrize(("first", "last"), [("2026-02-02", "2026-02-01"), ("2026-01-01", "2027-01-02")])
def test_which_days_can_be_asked_for(client: TestClient, admin: Any, first: str, last: str) -> None:
    answer = client.get(URL, params={"first": first, "last": last}, headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


@pytest.mark.usefixtures("booked")
def test_the_report_of_a_day_is_mailed_to_administrators_in_the_night(
    admin: Any, in_transaction: Callable[..., Any], mailed: Callable[[str], EmailMessage]
) -> None:
    day = day_of(datetime.fromisoformat(at(72)))
    night = datetime.fromisoformat(at(96)).timestamp()
    in_transaction(lambda work: work.enqueue(mail_report, timestamp=int(night)))
    report = mailed(admin.email)
    assert report["Subject"] == f"{day} 예약 현황"
    assert report.get_content().splitlines() == ["작은 방: 0건, 0.0시간, 0원", "큰 방: 1건, 3.0시간, 60,000원"]
