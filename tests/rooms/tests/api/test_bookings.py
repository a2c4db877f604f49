"""Rules that only bookings have. test_contract.py runs the tests that every resource must pass."""

import csv
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from fastapi.testclient import TestClient
from ondol.db.session import SyncDatabase
from ondol.testing.factory import Maker
from sqlalchemy import text

from app.runtime import Runtime
from app.services import booking_feed
from app.services.booking_feed import new_bookings
from factories.bookings import BOOKINGS, at
from factories.rooms import ROOMS

URL = BOOKINGS.url
NOWHERE = "01900000-0000-7000-8000-000000000001"
Book = Callable[..., Any]


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def code(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


@pytest.fixture
def room(make: Maker) -> dict[str, Any]:
    return make(ROOMS, name="대회의실", hourly_price="15000")


@pytest.fixture
def book(client: TestClient, customer: Any, room: dict[str, Any]) -> Book:
    """Return a function that books the room between two times, given in hours from now."""

    def book(start: float, end: float, **fields: Any) -> Any:
        body = {"room_id": room["id"], "starts_at": at(start), "ends_at": at(end), **fields}
        return client.post(URL, json=body, headers=customer.headers)

    return book


def test_a_booking_costs_the_rooms_price_for_its_hours(
    client: TestClient, customer: Any, room: dict[str, Any], book: Book
) -> None:
    answer = book(48, 50.5, note="월간 회의")
    made = answer.json()
    assert answer.status_code == 201
    assert (made["price"], made["status"], made["note"]) == ("37500", "booked", "월간 회의")
    assert (made["owner_id"], made["room_id"]) == (customer.id, room["id"])
    assert client.get(answer.headers["Location"], headers=customer.headers).json() == made
    assert code(book(60, 61, price="1"))[0] == 422


@pytest.mark.parametrize(
    ("start", "end", "status", "expected"),
    [
        (48, 48, 422, "validation_failed"),
        (49, 48, 422, "validation_failed"),
        (48, 48.25, 422, "validation_failed"),
        (48, 48.75, 422, "validation_failed"),
        (48, 60.5, 422, "validation_failed"),
        (-2, -1, 409, "not_bookable"),
        (366 * 24, 366 * 24 + 1, 409, "not_bookable"),
        (48, 60, 201, None),
    ],
)
def test_what_can_be_booked(book: Book, start: float, end: float, status: int, expected: str | None) -> None:
    assert code(book(start, end)) == (status, expected)


def test_a_room_that_does_not_exist_is_refused(book: Book) -> None:
    assert code(book(48, 49, room_id=NOWHERE)) == (409, "unknown_room")


def test_a_room_is_booked_once_at_a_time(book: Book) -> None:
    assert book(48, 50).status_code == 201
    for start, end in ((48, 50), (47, 49), (49, 51), (48.5, 49), (47, 51)):
        assert code(book(start, end)) == (409, "room_taken")
    assert [book(46, 48).status_code, book(50, 51).status_code] == [201, 201]


def test_of_many_who_want_a_room_at_once_one_gets_it(book: Book) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: book(48, 49), range(8)))
    assert Counter(map(code, answers)) == {(201, None): 1, (409, "room_taken"): 7}


def test_a_cancelled_booking_gives_the_room_back(client: TestClient, customer: Any, book: Book) -> None:
    made = book(48, 49)
    for _ in range(2):
        cancelled = client.post(f"{made.headers['Location']}/cancel", headers=customer.headers)
        assert (cancelled.status_code, cancelled.json()["status"], cancelled.json()["version"]) == (200, "cancelled", 2)
    assert book(48, 49).status_code == 201


def test_within_the_last_hour_nothing_is_cancelled(
    client: TestClient, customer: Any, book: Book, database: SyncDatabase
) -> None:
    made = book(48, 49)
    with database.transaction() as session:
        session.execute(text("UPDATE bookings SET starts_at = now() + interval '59 min', ends_at = now() + '2h'"))
    answer = client.post(f"{made.headers['Location']}/cancel", headers=customer.headers)
    assert code(answer) == (409, "too_late_to_cancel")


@pytest.mark.parametrize(("caller", "status"), [(None, 401), ("other", 404), ("customer", 200), ("admin", 200)])
def test_who_may(
    client: TestClient, book: Book, request: pytest.FixtureRequest, caller: str | None, status: int
) -> None:
    url = book(48, 49).headers["Location"]
    headers = request.getfixturevalue(caller).headers if caller else {}
    assert client.get(url, headers=headers).status_code == status
    assert client.post(f"{url}/cancel", headers=headers).status_code == status


def test_a_list_shows_ones_own(client: TestClient, make: Maker, customer: Any, other: Any, admin: Any) -> None:
    mine, theirs = make(BOOKINGS, customer)["id"], make(BOOKINGS, other)["id"]
    assert ids(client.get(URL, headers=customer.headers)) == [mine]
    assert ids(client.get(URL, headers=admin.headers)) == [theirs, mine]


def test_filters(client: TestClient, customer: Any, room: dict[str, Any], book: Book, make: Maker) -> None:
    early, late = book(48, 49).json()["id"], book(50, 51).json()["id"]
    elsewhere = make(BOOKINGS, customer)["id"]
    client.post(f"{URL}/{late}/cancel", headers=customer.headers)
    for params, expected in (
        ({"room_id": room["id"], "sort": "starts_at"}, [early, late]),
        ({"room_id": room["id"], "max_starts_at": at(49)}, [early]),
        ({"room_id": room["id"], "min_starts_at": at(49)}, [late]),
        ({"status": "cancelled"}, [late]),
        ({"status": "booked"}, [elsewhere, early]),
    ):
        assert ids(client.get(URL, params=params, headers=customer.headers)) == expected, params


def test_a_booking_is_confirmed_and_its_owner_reminded_an_hour_before(
    customer: Any, book: Book, database: SyncDatabase, mailed: Callable[[str], EmailMessage]
) -> None:
    made = book(48, 49).json()
    confirmation = mailed(customer.email)
    assert confirmation["Subject"] == "예약 확인: 대회의실"
    assert "15,000원" in confirmation.get_content()
    with database.transaction() as session:
        due = session.execute(text("SELECT scheduled_at FROM procrastinate_jobs WHERE status = 'todo'")).scalar_one()
        assert due == datetime.fromisoformat(made["starts_at"]) - timedelta(hours=1)
        session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'"))
    assert mailed(customer.email)["Subject"] == "곧 시작합니다: 대회의실"


def test_nobody_is_reminded_of_what_was_cancelled(
    client: TestClient,
    customer: Any,
    book: Book,
    database: SyncDatabase,
    run_jobs: Callable[[], None],
    runtime: Runtime,
) -> None:
    client.post(f"{book(48, 49).headers['Location']}/cancel", headers=customer.headers)
    with database.transaction() as session:
        session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now()"))
    run_jobs()
    assert runtime.mailer.mailbox.messages() == []


def test_the_export_is_csv_that_a_spreadsheet_reads_and_does_not_run(
    client: TestClient, customer: Any, other: Any, make: Maker, book: Book
) -> None:
    later, made = book(50, 51, note="=1+1").json(), book(48, 49, note='쉼표, "따옴표"').json()
    make(BOOKINGS, other)
    answer = client.get(f"{URL}/export.csv", headers=customer.headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text[0] == "\ufeff"
    rows = list(csv.DictReader(answer.text[1:].splitlines()))
    assert [row["id"] for row in rows] == [made["id"], later["id"]]
    assert [row["note"] for row in rows] == ['쉼표, "따옴표"', "'=1+1"]
    assert {name: rows[0][name] for name in ("price", "status", "starts_at")}.items() <= made.items()


def test_the_feed_tells_of_bookings_that_were_committed(client: TestClient, runtime: Runtime, book: Book) -> None:
    assert client.portal is not None
    feed = new_bookings(runtime)
    assert client.portal.call(anext, feed) is None
    made = book(48, 49).json()
    assert book(48, 49).status_code == 409
    after = book(49, 50).json()
    told = [client.portal.call(anext, feed) for _ in range(2)]
    assert [booking and str(booking.id) for booking in told] == [made["id"], after["id"]]
    client.portal.call(feed.aclose)


def test_who_may_follow_the_feed(client: TestClient, customer: Any) -> None:
    assert code(client.get(f"{URL}/feed", headers=customer.headers)) == (403, "insufficient_scope")


def test_the_feed_ends_with_the_session(client: TestClient, admin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(booking_feed, "CHECK_SECONDS", 0.1)
    with ThreadPoolExecutor(1) as threads:
        feed = threads.submit(client.get, f"{URL}/feed", headers=admin.headers)
        time.sleep(0.5)
        assert not feed.done()
        assert client.post("/api/v1/auth/logout", headers=admin.headers).status_code == 204
        ended = feed.result(timeout=5)
    assert ended.headers["content-type"].startswith("text/event-stream")
    assert ended.text.startswith(": listening")
