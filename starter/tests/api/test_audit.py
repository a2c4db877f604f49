from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from app.services.audit import prune

URL = "/api/v1/audit-log"


def entries(client: TestClient, admin: Any, **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(URL, params=query, headers=admin.headers).json()["items"]
    return items


def test_what_was_done_is_told_newest_first(client: TestClient, admin: Any, customer: Any) -> None:
    client.patch(
        f"/api/v1/users/{customer.id}",
        json={"role": "admin"},
        headers={**admin.headers, "User-Agent": "Telephone", "X-Request-ID": "abcdefgh"},
    )
    [changed] = entries(client, admin, action="account.changed")
    assert (changed["actor_id"], changed["target_id"], changed["details"]) == (
        admin.id,
        customer.id,
        {"role": "admin"},
    )
    assert (changed["user_agent"], changed["request_id"]) == ("Telephone", "abcdefgh")
    actions = [entry["action"] for entry in entries(client, admin, target_id=customer.id)]
    assert actions == ["account.changed", "session.started", "account.created"]
    assert entries(client, admin, since="2999-01-01T00:00:00Z") == []


def test_what_was_refused_is_told_though_its_transaction_is_gone(client: TestClient, admin: Any, customer: Any) -> None:
    client.post("/api/v1/auth/token", data={"username": customer.email, "password": "wrong"})
    client.post("/api/v1/auth/token", data={"username": "nobody@example.com", "password": "wrong"})
    client.get("/api/v1/users", headers=customer.headers)
    body = {"current_password": "wrong", "new_password": "another good password"}
    client.post("/api/v1/users/me/password", json=body, headers=customer.headers)
    found = entries(client, admin)[:4]
    assert [(entry["action"], entry["actor_id"], entry["target_id"]) for entry in found] == [
        ("password.refused", customer.id, customer.id),
        ("scope.refused", customer.id, None),
        ("login.refused", None, None),
        ("login.refused", None, customer.id),
    ]
    assert found[1]["details"] == {"missing": ["users:read"], "times": 1}
    assert "wrong" not in str(entries(client, admin))


# password_reset: begin
def test_a_mailed_reset_is_told_with_whoever_asked(
    client: TestClient, admin: Any, customer: Any, mailed: Callable[[str], Any]
) -> None:
    """Unknown addresses are not noted: the log would store arbitrary input."""
    headers = {"User-Agent": "Telephone", "X-Request-ID": "abcdefgh"}
    for email in ("nobody@example.com", customer.email):
        client.post("/api/v1/auth/password-reset", json={"email": email}, headers=headers)
    mailed(customer.email)
    [told] = entries(client, admin, action="password.reset_mailed")
    assert (told["target_id"], told["user_agent"], told["request_id"]) == (customer.id, "Telephone", "abcdefgh")


# password_reset: end
def test_a_change_that_is_rolled_back_is_not_told(client: TestClient, admin: Any, customer: Any) -> None:
    headers = {**admin.headers, "If-Match": '"v99"'}
    assert client.patch(f"/api/v1/users/{customer.id}", json={"role": "admin"}, headers=headers).status_code == 412
    assert entries(client, admin, action="account.changed") == []


def test_a_reused_refresh_token_is_told(
    client: TestClient, admin: Any, customer: Any, log_in: Callable[..., Any]
) -> None:
    first = {"refresh_token": customer.tokens["refresh_token"]}
    second = {"refresh_token": client.post("/api/v1/auth/refresh", json=first).json()["refresh_token"]}
    client.post("/api/v1/auth/refresh", json=second)
    assert client.post("/api/v1/auth/refresh", json=first).status_code == 401
    [told] = entries(client, admin, action="refresh_token.reused")
    assert told["target_id"] == customer.id


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
def test_the_service_itself_can_only_add(customer: Any, database_url: str, statement: str) -> None:
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_refusals_of_one_session_do_not_fill_the_log(client: TestClient, admin: Any, customer: Any) -> None:
    for _ in range(12):
        assert client.get(URL, headers=customer.headers).status_code == 403
    times = [entry["details"]["times"] for entry in entries(client, admin, action="scope.refused")]
    assert times == [10, 1]


def test_old_entries_are_deleted_and_newer_ones_cannot_be(
    in_transaction: Callable[..., Any], database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for days in (89, 91, 731):
            connection.execute(
                "INSERT INTO audit_log (id, at, action, address, user_agent, request_id, details)"
                " VALUES (gen_random_uuid(), now() - make_interval(days => %s), %s, '', '', '', '{}')",
                [days, f"{days} days ago"],
            )
        assert in_transaction(lambda work: prune(work.runtime)) == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM audit_log WHERE at > now() - interval '90 days'")


def test_it_is_for_administrators(client: TestClient, customer: Any) -> None:
    assert client.get(URL, headers=customer.headers).status_code == 403
