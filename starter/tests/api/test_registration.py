from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from ondol.db.session import SyncDatabase
from sqlalchemy import select, update

from app.models import MailedToken, User
from app.models.mailed_tokens import Purpose
from people import code_in, mailed_token

PASSWORD, STRANGERS = "correct horse battery", "a password of a stranger"
URL = "/api/v1/auth/register"
EMAIL = "jiwoo@example.com"
ACCOUNT = {"password": PASSWORD, "full_name": "김지우"}
Mailed = Callable[[str], Any]


def log_in(client: TestClient, email: str, password: str = PASSWORD) -> int:
    return client.post("/api/v1/auth/token", data={"username": email, "password": password}).status_code


def asked(client: TestClient, mailed: Mailed, email: str = EMAIL) -> str:
    """Request an account and return the mailed token."""
    assert client.post(URL, json={"email": email}).status_code == 202
    return code_in(mailed(email.lower()))


def confirm(client: TestClient, token: str, **changes: str) -> Any:
    return client.post(f"{URL}/confirm", json={"token": token, **ACCOUNT, **changes})


def test_an_account_is_made_by_whoever_reads_its_mail(client: TestClient, mailed: Mailed) -> None:
    code = asked(client, mailed, "Jiwoo@Example.com")
    assert log_in(client, EMAIL) == 401
    made = confirm(client, code)
    assert (made.status_code, made.json()["email"], made.json()["role"]) == (201, EMAIL, "customer")
    assert log_in(client, "JIWOO@example.com") == 200
    again = confirm(client, code)
    assert (again.status_code, again.json()["code"]) == (400, "invalid_token")


def test_mails_and_the_account_have_the_language_of_the_request(client: TestClient, mailed: Mailed) -> None:
    korean = {"Accept-Language": "ko"}
    assert client.post(URL, json={"email": EMAIL}, headers=korean).status_code == 202
    mail = mailed(EMAIL)
    assert mail["Subject"] == "회원 가입을 완료해 주세요"
    made = client.post(f"{URL}/confirm", json={"token": code_in(mail), **ACCOUNT}, headers=korean)
    assert (made.json()["language"], made.headers["Location"]) == ("ko", "/api/v1/users/me")
    client.post(URL, json={"email": EMAIL})  # in English, but the account's mails are Korean
    assert mailed(EMAIL)["Subject"] == "이미 가입된 이메일 주소입니다"


def test_of_twenty_who_confirm_one_address_at_once_one_gets_the_account(
    client: TestClient, database: SyncDatabase
) -> None:
    tokens = [mailed_token(database, Purpose.REGISTRATION) for _ in range(20)]
    with database.transaction() as session:
        session.execute(update(MailedToken).values(email=EMAIL))
    with ThreadPoolExecutor(len(tokens)) as threads:
        answers = list(threads.map(lambda token: confirm(client, token), tokens))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"email_taken"}


def test_a_stranger_who_registers_the_address_first_gets_nothing(client: TestClient, mailed: Mailed) -> None:
    """Pre-hijacking (Sudhodanan and Paverd, 2022): only the owner of the address can set the password."""
    refused = client.post(URL, json={"email": EMAIL, "password": STRANGERS, "full_name": "stranger"})
    assert refused.status_code == 422  # no password is accepted before the address is confirmed
    of_the_stranger = asked(client, mailed)
    asked(client, mailed)
    assert confirm(client, of_the_stranger).json()["full_name"] == "김지우"  # the owner used the first mail
    assert (log_in(client, EMAIL), log_in(client, EMAIL, STRANGERS)) == (200, 401)


def test_known_and_unknown_addresses_are_answered_the_same(client: TestClient, customer: Any, mailed: Mailed) -> None:
    answers = [client.post(URL, json={"email": email}) for email in (customer.email, "new@example.com")]
    assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"")] * 2
    told = mailed(customer.email)
    assert told["Subject"] == "You already have an account"
    assert "code" not in told.get_content()
    assert code_in(mailed("new@example.com"))


def test_of_two_registrations_the_first_that_is_confirmed_counts(client: TestClient, mailed: Mailed) -> None:
    codes = [asked(client, mailed), asked(client, mailed)]
    assert confirm(client, codes[1], full_name="second").json()["full_name"] == "second"
    late = confirm(client, codes[0])
    assert (late.status_code, late.json()["code"]) == (409, "email_taken")


@pytest.mark.parametrize(
    "change",
    [
        {"password": "short"},
        {"password": "x" * 129},
        {"password": "Password123"},
        {"password": "비밀번호비밀번호"},
        {"password": "xxxxxxxxxxxx"},
        {"full_name": " "},
        {"role": "admin"},
    ],
)
def test_every_field_is_checked(client: TestClient, mailed: Mailed, change: dict[str, str]) -> None:
    code = asked(client, mailed)
    answer = confirm(client, code, **change)
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [["body", *change]]
    assert PASSWORD not in answer.text
    assert "short" not in answer.json()["errors"][0]["msg"].split()
    assert confirm(client, code).status_code == 201


def test_an_address_is_checked(client: TestClient) -> None:
    assert client.post(URL, json={"email": "no"}).json()["errors"][0]["loc"] == ["body", "email"]


def test_ones_own_address_is_no_password_and_the_link_stays_good(client: TestClient, mailed: Mailed) -> None:
    code = asked(client, mailed, "jiwoo.kim@example.com")
    for password in ("jiwoo.kim@example.com", "JIWOO.KIM"):
        refused = confirm(client, code, password=password)
        assert (refused.status_code, refused.json()["code"]) == (400, "password_is_address")
    assert confirm(client, code).status_code == 201


def test_tokens_are_stored_as_hashes_and_nowhere_else(
    client: TestClient, mailed: Mailed, database: SyncDatabase
) -> None:
    code = asked(client, mailed)
    with database.transaction() as session:
        assert session.scalars(select(MailedToken.digest)).one() is not None
        assert session.scalars(select(User)).all() == []
        for table in ("mailed_tokens", "procrastinate_jobs", "procrastinate_events"):
            rows = session.connection().exec_driver_sql(f"SELECT t::text FROM {table} t").all()
            assert code not in str(rows)
