from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

from fastapi.testclient import TestClient

from app.runtime import Runtime
from app.schemas.users import Language
from app.scopes import Role

PASSWORD = "correct horse battery"


def test_people_read_and_change_their_own_account(client: TestClient, customer: Any) -> None:
    mine = client.get("/api/v1/users/me", headers=customer.headers).json()
    assert (mine["email"], mine["full_name"]) == (customer.email, "김지우")
    changed = client.patch("/api/v1/users/me", json={"full_name": "박하은"}, headers=customer.headers)
    assert (changed.status_code, changed.json()["full_name"]) == (200, "박하은")
    assert client.get("/api/v1/users/me", headers=customer.headers).json() == changed.json()


def test_an_account_has_one_of_the_languages_that_have_a_file(
    client: TestClient, customer: Any, runtime: Runtime
) -> None:
    assert sorted(get_args(Language.__value__)) == runtime.languages.names
    for language in (*runtime.languages.names, None):
        changed = client.patch("/api/v1/users/me", json={"language": language}, headers=customer.headers)
        assert (changed.status_code, changed.json()["language"]) == (200, language)


def test_nobody_makes_themselves_an_administrator(client: TestClient, customer: Any) -> None:
    for body in ({"role": "admin"}, {"is_active": True}, {"email": "x@example.com"}, {"hashed_password": "x"}):
        answer = client.patch("/api/v1/users/me", json={"full_name": "n", **body}, headers=customer.headers)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", *body]


def test_changing_the_password_ends_the_other_sessions(
    client: TestClient, customer: Any, log_in: Callable[..., Any]
) -> None:
    elsewhere = log_in(customer.email)
    url, new = "/api/v1/users/me/password", "another good password"
    wrong = client.post(url, json={"current_password": "wrong", "new_password": new}, headers=customer.headers)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "wrong_password")
    body = {"current_password": PASSWORD, "new_password": new}
    assert client.post(url, json=body, headers=customer.headers).status_code == 204
    assert client.get("/api/v1/users/me", headers=customer.headers).status_code == 200
    assert client.get("/api/v1/users/me", headers=elsewhere.headers).status_code == 401
    assert client.post("/api/v1/auth/token", data={"username": customer.email, "password": PASSWORD}).status_code == 401
    log_in(customer.email, new)


def test_administrators_list_and_filter_accounts(client: TestClient, admin: Any, customer: Any, other: Any) -> None:
    everybody = client.get("/api/v1/users", headers=admin.headers).json()
    assert [user["email"] for user in everybody["items"]] == [admin.email, customer.email, other.email]
    admins = client.get("/api/v1/users", params={"role": "admin"}, headers=admin.headers).json()
    assert [user["email"] for user in admins["items"]] == [admin.email]
    page = client.get("/api/v1/users", params={"limit": 2}, headers=admin.headers).json()
    rest = client.get("/api/v1/users", params={"limit": 2, "cursor": page["next_cursor"]}, headers=admin.headers).json()
    assert [user["email"] for user in rest["items"]] == [other.email]
    assert rest["next_cursor"] is None


def test_a_change_by_an_administrator_takes_effect_at_once(client: TestClient, admin: Any, customer: Any) -> None:
    url = f"/api/v1/users/{customer.id}"
    assert client.get(url, headers=admin.headers).json()["email"] == customer.email

    assert client.patch(url, json={"role": "admin"}, headers=admin.headers).status_code == 200
    # The token keeps its scopes although the account now has more.
    assert client.get("/api/v1/users", headers=customer.headers).status_code == 403

    assert client.patch(url, json={"is_active": False}, headers=admin.headers).status_code == 200
    assert client.get("/api/v1/users/me", headers=customer.headers).status_code == 401
    assert client.patch(url, json={"is_active": True}, headers=admin.headers).status_code == 200
    assert client.get("/api/v1/users/me", headers=customer.headers).status_code == 401  # its sessions have ended


def test_losing_a_role_takes_scopes_from_tokens_that_have_them(
    client: TestClient, admin: Any, new_customer: Callable[[str], Any], log_in: Callable[..., Any]
) -> None:
    helper = new_customer("helper@example.com")
    url = f"/api/v1/users/{helper.id}"
    client.patch(url, json={"role": "admin"}, headers=admin.headers)
    helper = log_in(helper.email)
    assert client.get("/api/v1/users", headers=helper.headers).status_code == 200
    client.patch(url, json={"role": "customer"}, headers=admin.headers)
    assert client.get("/api/v1/users", headers=helper.headers).status_code == 403


def test_the_last_administrator_stays(client: TestClient, admin: Any, new_customer: Callable[[str], Any]) -> None:
    url = f"/api/v1/users/{admin.id}"
    for change in ({"role": "customer"}, {"is_active": False}):
        refused = client.patch(url, json=change, headers=admin.headers)
        assert (refused.status_code, refused.json()["code"]) == (409, "last_administrator")
    assert client.patch(url, json={"full_name": "Boss"}, headers=admin.headers).status_code == 200
    second = new_customer("second@example.com")
    client.patch(f"/api/v1/users/{second.id}", json={"role": "admin"}, headers=admin.headers)
    assert client.patch(url, json={"role": "customer"}, headers=admin.headers).status_code == 200


def test_ones_own_address_is_no_password(client: TestClient, customer: Any) -> None:
    body = {"current_password": PASSWORD, "new_password": customer.email.upper()}
    answer = client.post("/api/v1/users/me/password", json=body, headers=customer.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "password_is_address")


def test_accounts_are_for_administrators(client: TestClient, customer: Any, other: Any) -> None:
    for request in (
        lambda headers: client.get("/api/v1/users", headers=headers),
        lambda headers: client.get(f"/api/v1/users/{other.id}", headers=headers),
        lambda headers: client.patch(f"/api/v1/users/{other.id}", json={}, headers=headers),
    ):
        assert request({}).status_code == 401
        assert request(customer.headers).status_code == 403


def test_an_unknown_account_is_not_found(client: TestClient, admin: Any) -> None:
    url = "/api/v1/users/01900000-0000-7000-8000-000000000001"
    for answer in (client.get(url, headers=admin.headers), client.patch(url, json={}, headers=admin.headers)):
        assert (answer.status_code, answer.json()["code"]) == (404, "user_not_found")


def test_logging_in_stamps_when_somebody_was_last_seen(
    client: TestClient, customer: Any, log_in: Callable[..., Any]
) -> None:
    before = client.get("/api/v1/users/me", headers=customer.headers).json()
    assert before["last_seen_at"] is not None
    log_in(customer.email)
    after = client.get("/api/v1/users/me", headers=customer.headers).json()
    assert after["last_seen_at"] > before["last_seen_at"]
    assert (after["version"], after["updated_at"]) == (before["version"], before["updated_at"])


def test_administrators_who_demote_each_other_leave_one(client: TestClient, new_account: Any, log_in: Any) -> None:
    addresses = [f"admin{number}@example.com" for number in range(4)]
    for address in addresses:
        new_account(address, Role.ADMIN)
    admins = [log_in(address) for address in addresses]

    def demote(number: int) -> int:
        url = f"/api/v1/users/{admins[(number + 1) % 4].id}"
        return client.patch(url, json={"role": "customer"}, headers=admins[number].headers).status_code

    with ThreadPoolExecutor(4) as threads:
        statuses = list(threads.map(demote, range(4)))
    assert set(statuses) <= {200, 401, 403, 409}
    users = [client.get("/api/v1/users", headers=admin.headers) for admin in admins]
    assert [answer for answer in users if answer.status_code == 200]
