import json
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient
from ondol.db.session import SyncDatabase
from ondol.testing.factory import Maker
from sqlalchemy import select

from app.models import PaymentEvent
from app.services.webhooks import signature
from app.settings import WEBHOOK_SECRET
from factories.bookings import BOOKINGS


@pytest.fixture
def event(make: Maker, customer: Any) -> bytes:
    booking = make(BOOKINGS, customer)
    return json.dumps({"id": "evt_1", "type": "payment.done", "booking_id": booking["id"]}).encode()


def send(client: TestClient, body: bytes, sign: str | None = None, seconds_ago: int = 0) -> tuple[int, str]:
    then = int(time.time()) - seconds_ago
    headers = {"X-Timestamp": str(then), "X-Signature": sign or signature(WEBHOOK_SECRET, then, body)}
    headers["Content-Type"] = "application/json"
    answer = client.post("/api/v1/webhooks/payments", content=body, headers=headers)
    return answer.status_code, answer.json()["code"] if answer.content else ""


def test_an_event_counts_once_however_often_it_is_sent(
    client: TestClient, event: bytes, database: SyncDatabase
) -> None:
    assert [send(client, event) for _ in range(2)] == [(204, "")] * 2
    with database.transaction() as session:
        [stored] = session.scalars(select(PaymentEvent))
        assert (stored.id, stored.type) == ("evt_1", "payment.done")


def test_what_the_provider_did_not_sign_is_refused(client: TestClient, event: bytes, database: SyncDatabase) -> None:
    for sign, seconds_ago in (("0" * 64, 0), (None, 301)):
        assert send(client, event, sign, seconds_ago) == (401, "wrong_signature")
    with database.transaction() as session:
        assert session.scalar(select(PaymentEvent)) is None


def test_an_event_about_nothing(client: TestClient) -> None:
    nowhere = b'{"id": "e", "type": "payment.failed", "booking_id": "01900000-0000-7000-8000-000000000001"}'
    assert send(client, nowhere) == (404, "booking_not_found")
    assert send(client, b'{"id": "e", "type": "payment.imagined"}') == (422, "validation_failed")
