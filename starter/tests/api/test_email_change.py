import time
from collections.abc import Callable
from threading import Thread
from typing import Any
from uuid import UUID

from fastapi.testclient import TestClient
from ondol.db.session import SyncDatabase
from sqlalchemy import select, update

from app.models import MailedToken, User
from app.runtime import Runtime
from people import code_in

URL, PASSWORD, NEW = "/api/v1/auth/email-change", "correct horse battery", "new@example.com"


def ask(client: TestClient, caller: Any, email: str = NEW, password: str = PASSWORD) -> Any:
    return client.post(URL, json={"email": email, "current_password": password}, headers=caller.headers)


def test_an_address_changes_once_the_new_one_is_proved_and_both_are_told(
    client: TestClient, customer: Any, mailed: Callable[[str], Any], log_in: Callable[..., Any]
) -> None:
    assert ask(client, customer, "New@Example.com").status_code == 202
    code = code_in(mailed(NEW))
    assert mailed(customer.email)["Subject"] == "A change of your e-mail address was requested"
    assert client.get("/api/v1/users/me", headers=customer.headers).json()["email"] == customer.email
    changed = client.post(f"{URL}/confirm", json={"token": code})
    assert (changed.status_code, changed.json()["email"]) == (200, NEW)
    assert mailed(NEW)["Subject"] == mailed(customer.email)["Subject"] == "Your e-mail address was changed"
    log_in(NEW)
    assert client.post(f"{URL}/confirm", json={"token": code}).status_code == 400


# password_reset: begin
def test_a_reset_that_was_mailed_to_the_former_address_is_worthless(
    client: TestClient, customer: Any, mailed: Callable[[str], Any]
) -> None:
    client.post("/api/v1/auth/password-reset", json={"email": customer.email})
    reset = code_in(mailed(customer.email))
    ask(client, customer)
    client.post(f"{URL}/confirm", json={"token": code_in(mailed(NEW))})
    body = {"token": reset, "new_password": "another good password"}
    assert client.post("/api/v1/auth/password-reset/confirm", json=body).status_code == 400


def test_a_reset_that_is_being_mailed_while_the_address_changes_is_not_made(
    client: TestClient, customer: Any, runtime: Runtime, run_jobs: Callable[[], None], database: SyncDatabase
) -> None:
    client.post("/api/v1/auth/password-reset", json={"email": customer.email})
    with database.transaction() as session:
        session.execute(update(User).where(User.id == UUID(customer.id)).values(email=NEW))
        job = Thread(target=run_jobs)
        job.start()
        time.sleep(1)  # the job waits for the row lock
    job.join()
    with database.transaction() as session:
        assert session.scalars(select(MailedToken)).all() == []
    assert list(runtime.mailer.mailbox.messages()) == []


# password_reset: end
def test_it_takes_the_password(client: TestClient, customer: Any) -> None:
    answer = ask(client, customer, password="wrong")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_password")


def test_an_address_that_is_taken_is_answered_the_same_and_stays(
    client: TestClient, customer: Any, other: Any, mailed: Callable[[str], Any]
) -> None:
    assert ask(client, customer, other.email).content == ask(client, customer, NEW).content
    assert ask(client, customer, other.email).status_code == 202
    assert mailed(other.email)["Subject"] == "You already have an account"


def test_only_the_last_change_that_was_asked_for_counts(
    client: TestClient, customer: Any, mailed: Callable[[str], Any]
) -> None:
    ask(client, customer, "a@example.com")
    first = code_in(mailed("a@example.com"))
    ask(client, customer, "b@example.com")
    assert client.post(f"{URL}/confirm", json={"token": first}).status_code == 400
    assert client.post(f"{URL}/confirm", json={"token": code_in(mailed("b@example.com"))}).status_code == 200


def test_an_address_that_was_taken_meanwhile_is_a_conflict(
    client: TestClient,
    customer: Any,
    mailed: Callable[[str], Any],
    new_account: Callable[[str], None],
    runtime: Runtime,
) -> None:
    ask(client, customer)
    code = code_in(mailed(NEW))
    new_account(NEW)
    answer = client.post(f"{URL}/confirm", json={"token": code})
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
