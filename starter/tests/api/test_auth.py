import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import bcrypt
import jwt
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from ondol.db.session import SyncDatabase
from ondol.keys import key_id
from sqlalchemy import func, select, update

from app.factory import create_app
from app.models import LoginSession, RefreshToken, User
from app.scopes import SCOPES_OF, Role
from app.settings import AppSettings
from people import people

PASSWORD = "correct horse battery"


def me(client: TestClient, access_token: str) -> int:
    return client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {access_token}"}).status_code


def refresh(client: TestClient, token: str) -> Any:
    return client.post("/api/v1/auth/refresh", json={"refresh_token": token})


def test_log_in_with_the_password_form(client: TestClient, new_account: Callable[[str], None]) -> None:
    new_account("jiwoo@example.com")
    answer = client.post("/api/v1/auth/token", data={"username": "JIWOO@example.com", "password": PASSWORD})
    tokens = answer.json()
    assert answer.status_code == 200
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 600)
    assert tokens["scope"] == " ".join(sorted(SCOPES_OF[Role.CUSTOMER]))
    assert me(client, tokens["access_token"]) == 200


def test_unknown_wrong_and_disabled_are_told_the_same(
    client: TestClient, customer: Any, other: Any, admin: Any
) -> None:
    client.patch(f"/api/v1/users/{other.id}", json={"is_active": False}, headers=admin.headers)
    answers = [
        client.post("/api/v1/auth/token", data={"username": name, "password": password})
        for name, password in [
            ("nobody@example.com", PASSWORD),
            (customer.email, "wrong password"),
            (other.email, PASSWORD),
        ]
    ]
    bodies = [{k: v for k, v in answer.json().items() if k != "request_id"} for answer in answers]
    assert [answer.status_code for answer in answers] == [401] * 3
    assert bodies[0] == bodies[1] == bodies[2]
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"


def test_scopes_can_be_narrowed_but_not_widened(
    client: TestClient, admin: Any, customer: Any, log_in: Callable[..., Any]
) -> None:
    assert log_in(customer.email, scope="users:read users:write").tokens["scope"] == ""
    narrow = log_in(admin.email, scope="users:read no:such")
    assert narrow.tokens["scope"] == "users:read"
    url = f"/api/v1/users/{customer.id}"
    assert client.get(url, headers=narrow.headers).status_code == 200
    answer = client.patch(url, json={"full_name": "m"}, headers=narrow.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


def forged(settings: AppSettings, access_token: str, **changes: Any) -> str:
    secret = settings.auth.secret_key.get_secret_value()
    claims = jwt.decode(access_token, options={"verify_signature": False})
    changed = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(changed, secret, algorithm="HS256", headers={"kid": key_id(secret)})


@pytest.mark.filterwarnings("ignore:The HMAC key")  # too short for HS512, which must be refused anyway
def test_only_our_own_valid_access_tokens_are_taken(client: TestClient, customer: Any, settings: AppSettings) -> None:
    token = customer.tokens["access_token"]
    assert me(client, forged(settings, token)) == 200
    header, payload, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    ours = {"kid": jwt.get_unverified_header(token)["kid"]}
    for bad in (
        "",
        "x",
        "한글",
        f"{header}.{payload}.{signature[:-2]}xx",
        jwt.encode(claims, "", algorithm="none", headers=ours),
        jwt.encode(claims, settings.auth.secret_key.get_secret_value(), algorithm="HS256"),  # names no key
        jwt.encode(claims, settings.auth.secret_key.get_secret_value(), algorithm="HS512", headers=ours),
        *(forged(settings, token, **{name: None}) for name in claims),
        forged(settings, token, nbf=int(time.time()) + 60),
        forged(settings, token, iat=int(time.time()) + 60),
        forged(settings, token, exp=int(time.time()) - 60),
        forged(settings, token, aud="somebody else"),
        forged(settings, token, iss="somebody else"),
        forged(settings, token, typ="refresh"),
        forged(settings, token, sub="x"),
        forged(settings, token, sid="01900000-0000-7000-8000-000000000001"),
    ):
        headers = {b"Authorization": f"Bearer {bad}".encode()}
        assert client.get("/api/v1/users/me", headers=headers).status_code == 401, bad
    assert client.get("/api/v1/users/me").status_code == 401


def test_refreshing_rotates_and_a_retry_gets_the_same_answer(client: TestClient, customer: Any) -> None:
    first = customer.tokens["refresh_token"]
    second = refresh(client, first).json()["refresh_token"]
    assert second != first
    # A client that lost the response may retry at once.
    assert refresh(client, first).json()["refresh_token"] == second
    assert me(client, refresh(client, second).json()["access_token"]) == 200


def test_reusing_an_old_refresh_token_ends_the_whole_family(
    client: TestClient, customer: Any, database: SyncDatabase
) -> None:
    first = customer.tokens["refresh_token"]
    pair = refresh(client, first).json()
    with database.transaction() as session:
        session.execute(update(RefreshToken).values(used_at=RefreshToken.used_at - timedelta(seconds=11)))
    stolen = refresh(client, first)
    assert (stolen.status_code, stolen.json()["code"]) == (401, "invalid_refresh_token")
    assert refresh(client, pair["refresh_token"]).status_code == 401
    assert me(client, pair["access_token"]) == 401
    assert me(client, customer.tokens["access_token"]) == 401


def test_unknown_and_expired_refresh_tokens_are_refused(
    client: TestClient, customer: Any, database: SyncDatabase
) -> None:
    assert refresh(client, "x" * 43).status_code == 401
    assert refresh(client, "한" * 43).status_code == 401
    with database.transaction() as session:
        session.execute(update(LoginSession).values(expires_at=func.now() - timedelta(seconds=1)))
    assert refresh(client, customer.tokens["refresh_token"]).status_code == 401


def test_logging_out_ends_the_session_but_no_other(
    client: TestClient, customer: Any, log_in: Callable[..., Any]
) -> None:
    elsewhere = log_in(customer.email)
    assert client.post("/api/v1/auth/logout", headers=customer.headers).status_code == 204
    assert me(client, customer.tokens["access_token"]) == 401
    assert refresh(client, customer.tokens["refresh_token"]).status_code == 401
    assert me(client, elsewhere.tokens["access_token"]) == 200


def test_refresh_tokens_are_stored_as_hashes_only(client: TestClient, customer: Any, database: SyncDatabase) -> None:
    with database.transaction() as session:
        digest = session.scalars(select(RefreshToken.digest)).one()
        hashed = session.scalars(select(User.hashed_password)).one()
    assert customer.tokens["refresh_token"].encode() not in digest
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_bcrypt_hash_is_upgraded_at_login(
    client: TestClient, customer: Any, log_in: Callable[..., Any], database: SyncDatabase
) -> None:
    from_elsewhere = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    with database.transaction() as session:
        session.execute(update(User).values(hashed_password=from_elsewhere))
    log_in(customer.email)
    with database.transaction() as session:
        assert session.scalars(select(User.hashed_password)).one().startswith("$argon2id$")
    log_in(customer.email)


def test_refreshing_does_not_widen_scopes(client: TestClient, admin: Any, log_in: Callable[..., Any]) -> None:
    narrow = log_in(admin.email, scope="users:read")
    assert refresh(client, narrow.tokens["refresh_token"]).json()["scope"] == "users:read"


def test_a_retry_after_the_answer_was_used_is_reuse(client: TestClient, customer: Any) -> None:
    first = customer.tokens["refresh_token"]
    second = refresh(client, first).json()["refresh_token"]
    third = refresh(client, second).json()["refresh_token"]
    assert refresh(client, first).status_code == 401
    assert refresh(client, third).status_code == 401  # the family has ended


def test_what_cannot_be_a_name_or_a_password_is_refused_quickly(client: TestClient, customer: Any) -> None:
    endless = "a" + "\u0300\u0327" * 60_000  # NFKC would take minutes
    for name, password in (("\0", "x"), ("x" * 10_000, "x"), (customer.email, endless), (customer.email, "\0")):
        started = time.perf_counter()
        answer = client.post("/api/v1/auth/token", data={"username": name, "password": password})
        assert (answer.status_code, time.perf_counter() - started < 2) == (401, True)
    body = '{"new_password":"\\ud800aaaaaaaa","current_password":"x"}'
    headers = {**customer.headers, "Content-Type": "application/json"}
    answer = client.post("/api/v1/users/me/password", content=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", "new_password"])


def test_a_session_that_was_idle_too_long_has_ended(client: TestClient, customer: Any, database: SyncDatabase) -> None:
    with database.transaction() as session:
        session.execute(update(LoginSession).values(last_used_at=func.now() - timedelta(days=15)))
    assert refresh(client, customer.tokens["refresh_token"]).status_code == 401


def log_in_somebody(client: TestClient, database: SyncDatabase) -> Any:
    """Return the tokens of a new account, in an app with its own settings."""
    [headers] = people(database, 1)
    address = client.get("/api/v1/users/me", headers=headers).json()["email"]
    return client.post("/api/v1/auth/token", data={"username": address, "password": PASSWORD}).json()


def with_auth(settings: AppSettings, **changes: Any) -> FastAPI:
    auth = type(settings.auth).model_validate(changes)
    return create_app(settings.model_copy(update={"auth": auth}))


def test_without_retries_a_second_use_is_reuse(settings: AppSettings, database: SyncDatabase) -> None:
    with TestClient(with_auth(settings, refresh_retry_seconds=0)) as client:
        first = log_in_somebody(client, database)["refresh_token"]
        second = refresh(client, first).json()["refresh_token"]
        assert refresh(client, first).status_code == 401
        assert refresh(client, second).status_code == 401


def test_a_token_of_either_kind_can_be_revoked_by_whoever_has_it(
    client: TestClient, customer: Any, log_in: Callable[..., Any]
) -> None:
    """RFC 7009: the answer is always 200, and the whole session ends."""
    other = log_in(customer.email)
    for token in (customer.tokens["refresh_token"], other.tokens["access_token"], "x" * 43, "x"):
        form = {"token": token, "token_type_hint": "refresh_token"}
        answer = client.post("/api/v1/auth/revoke", data=form)
        assert (answer.status_code, answer.content) == (200, b"")
    for caller in (customer, other):
        assert me(client, caller.tokens["access_token"]) == 401
        assert refresh(client, caller.tokens["refresh_token"]).status_code == 401


def test_a_secret_is_rotated_without_logging_anybody_out(settings: AppSettings, database: SyncDatabase) -> None:
    """Each of the three steps of `ondol secret rotate` accepts the tokens issued in the step before."""
    old, new = settings.auth.secret_key.get_secret_value(), "n" * 40
    with TestClient(with_auth(settings)) as client:
        used, tokens = "", log_in_somebody(client, database)
    for step in (
        {"next_secret_key": new},
        {"secret_key": new, "previous_secret_key": old},
        {"secret_key": new},
    ):
        with TestClient(with_auth(settings, **step)) as client:
            assert me(client, tokens["access_token"]) == 200
            if used:  # a retry at a process that runs the next step
                assert refresh(client, used).json()["refresh_token"] == tokens["refresh_token"]
            used, tokens = tokens["refresh_token"], refresh(client, tokens["refresh_token"]).json()
            assert me(client, tokens["access_token"]) == 200
