from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from ondol.db.session import SyncDatabase
from sqlalchemy import select

from app.models import Registration, User
from people import code_in

PASSWORD = "correct horse battery"
URL = "/api/v1/auth/register"
NEW_USER = {"email": "Jiwoo@Example.com", "password": PASSWORD, "full_name": "김지우"}


def log_in(client: TestClient, email: str) -> int:
    return client.post("/api/v1/auth/token", data={"username": email, "password": PASSWORD}).status_code


def test_an_account_is_made_by_whoever_reads_its_mail(client: TestClient, mailed: Callable[[str], Any]) -> None:
    assert client.post(URL, json=NEW_USER).status_code == 202
    assert log_in(client, "jiwoo@example.com") == 401
    code = code_in(mailed("jiwoo@example.com"))
    made = client.post(f"{URL}/confirm", json={"token": code})
    assert (made.status_code, made.json()["email"], made.json()["role"]) == (201, "jiwoo@example.com", "customer")
    assert log_in(client, "JIWOO@example.com") == 200
    again = client.post(f"{URL}/confirm", json={"token": code})
    assert (again.status_code, again.json()["code"]) == (400, "invalid_token")


def test_known_and_unknown_addresses_are_answered_the_same(
    client: TestClient, customer: Any, mailed: Callable[[str], Any]
) -> None:
    answers = [client.post(URL, json={**NEW_USER, "email": email}) for email in (customer.email, "new@example.com")]
    assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"null")] * 2
    told = mailed(customer.email)
    assert told["Subject"] == "You have an account already"
    assert "code" not in told.get_content()
    assert code_in(mailed("new@example.com"))


def test_of_two_registrations_the_first_that_is_confirmed_counts(
    client: TestClient, mailed: Callable[[str], Any]
) -> None:
    codes = []
    for name in ("first", "second"):
        client.post(URL, json={**NEW_USER, "full_name": name})
        codes.append(code_in(mailed("jiwoo@example.com")))
    assert client.post(f"{URL}/confirm", json={"token": codes[1]}).json()["full_name"] == "second"
    late = client.post(f"{URL}/confirm", json={"token": codes[0]})
    assert (late.status_code, late.json()["code"]) == (409, "email_taken")


@pytest.mark.parametrize(
    "change",
    [
        {"email": "no"},
        {"password": "short"},
        {"password": "x" * 129},
        {"password": "Password123"},
        {"password": "비밀번호비밀번호"},
        {"password": "xxxxxxxxxxxx"},
        {"full_name": " "},
        {"role": "admin"},
    ],
)
def test_every_field_is_checked(client: TestClient, change: dict[str, str]) -> None:
    answer = client.post(URL, json={**NEW_USER, **change})
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [["body", *change]]
    assert PASSWORD not in answer.text
    assert "short" not in answer.json()["errors"][0]["msg"].split()


def test_ones_own_address_is_no_password(client: TestClient) -> None:
    for password in ("jiwoo.kim@example.com", "JIWOO.KIM"):
        answer = client.post(URL, json={**NEW_USER, "email": "jiwoo.kim@example.com", "password": password})
        assert answer.status_code == 422


def test_tokens_are_stored_as_hashes_and_nowhere_else(
    client: TestClient, mailed: Callable[[str], Any], database: SyncDatabase
) -> None:
    client.post(URL, json=NEW_USER)
    code = code_in(mailed("jiwoo@example.com"))
    with database.transaction() as session:
        assert session.scalars(select(Registration.digest)).one() is not None
        assert session.scalars(select(User)).all() == []
        for table in ("registrations", "procrastinate_jobs", "procrastinate_events"):
            rows = session.connection().exec_driver_sql(f"SELECT t::text FROM {table} t").all()
            assert code not in str(rows)
            assert PASSWORD not in str(rows)
