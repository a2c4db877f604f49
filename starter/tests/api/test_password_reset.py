from collections.abc import Callable
from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient
from ondol.db.session import SyncDatabase
from sqlalchemy import func, update

from app.models import MailedToken
from app.runtime import Runtime
from people import code_in

URL = "/api/v1/auth/password-reset"
PASSWORD, NEW = "correct horse battery", "another good password"


def confirm(client: TestClient, token: str) -> Any:
    return client.post(f"{URL}/confirm", json={"token": token, "new_password": NEW})


def test_a_forgotten_password_is_replaced_and_every_session_ends(
    client: TestClient, customer: Any, log_in: Callable[..., Any], mailed: Callable[[str], Any]
) -> None:
    assert client.post(URL, json={"email": customer.email.upper()}).status_code == 202
    code = code_in(mailed(customer.email))
    assert confirm(client, code).status_code == 204
    assert client.get("/api/v1/users/me", headers=customer.headers).status_code == 401
    refresh = {"refresh_token": customer.tokens["refresh_token"]}
    assert client.post("/api/v1/auth/refresh", json=refresh).status_code == 401
    log_in(customer.email, NEW)
    assert mailed(customer.email)["Subject"] == "Your password was changed"
    again = confirm(client, code)
    assert (again.status_code, again.json()["code"]) == (400, "invalid_token")


def test_one_use_makes_the_other_links_worthless(
    client: TestClient, customer: Any, mailed: Callable[[str], Any]
) -> None:
    codes = []
    for _ in range(2):
        client.post(URL, json={"email": customer.email})
        codes.append(code_in(mailed(customer.email)))
    assert confirm(client, codes[0]).status_code == 204
    assert confirm(client, codes[1]).status_code == 400


# email_change: begin
def test_a_new_password_makes_what_was_asked_for_before_worthless(
    client: TestClient, customer: Any, mailed: Callable[[str], Any]
) -> None:
    """Someone who knew the old password may have requested a change of address, or have a link."""
    change = {"email": "thief@example.com", "current_password": PASSWORD}
    client.post("/api/v1/auth/email-change", json=change, headers=customer.headers)
    stolen = code_in(mailed("thief@example.com"))
    client.post(URL, json={"email": customer.email})
    assert confirm(client, code_in(mailed(customer.email))).status_code == 204
    assert client.post("/api/v1/auth/email-change/confirm", json={"token": stolen}).status_code == 400


# email_change: end
def test_unknown_and_disabled_accounts_are_answered_the_same_and_get_no_mail(
    client: TestClient, customer: Any, admin: Any, runtime: Runtime, run_jobs: Callable[[], None]
) -> None:
    client.patch(f"/api/v1/users/{customer.id}", json={"is_active": False}, headers=admin.headers)
    answers = [client.post(URL, json={"email": email}) for email in (customer.email, admin.email, "no@example.com")]
    assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"")] * 3
    run_jobs()
    assert [message["To"] for message in runtime.mailer.mailbox.messages()] == [admin.email]


def test_a_link_expires(
    client: TestClient, customer: Any, mailed: Callable[[str], Any], database: SyncDatabase
) -> None:
    client.post(URL, json={"email": customer.email})
    code = code_in(mailed(customer.email))
    with database.transaction() as session:
        session.execute(update(MailedToken).values(expires_at=func.now() - timedelta(seconds=1)))
    assert confirm(client, code).status_code == 400


def test_a_token_is_good_for_its_own_purpose_alone(
    client: TestClient, customer: Any, mailed: Callable[[str], Any]
) -> None:
    client.post(URL, json={"email": customer.email})
    code = code_in(mailed(customer.email))
    for path, more in (
        ("register", {"password": NEW, "full_name": "n"}),  # registration
        ("email-change", {}),  # email_change
    ):
        assert client.post(f"/api/v1/auth/{path}/confirm", json={"token": code, **more}).status_code == 400
    assert client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {code}"}).status_code == 401
    assert client.post("/api/v1/auth/refresh", json={"refresh_token": code}).status_code == 401
    assert confirm(client, customer.tokens["refresh_token"]).status_code == 400
    assert confirm(client, code).status_code == 204


def test_a_common_password_is_refused_and_the_link_stays_good(
    client: TestClient, customer: Any, mailed: Callable[[str], Any]
) -> None:
    client.post(URL, json={"email": customer.email})
    code = code_in(mailed(customer.email))
    refused = client.post(f"{URL}/confirm", json={"token": code, "new_password": "qwerty123456"})
    assert refused.status_code == 422
    assert confirm(client, code).status_code == 204
