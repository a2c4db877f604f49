from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

URL = "/api/v1/auth/sessions"


def me(client: TestClient, caller: Any) -> int:
    return client.get("/api/v1/users/me", headers=caller.headers).status_code


def test_one_sees_where_one_is_logged_in(client: TestClient, customer: Any, other: Any) -> None:
    form = {"username": customer.email, "password": "correct horse battery"}
    client.post("/api/v1/auth/token", data=form, headers={"User-Agent": "Telephone\t1.0" + "x" * 300})
    [newest, first] = client.get(URL, headers=customer.headers).json()["items"]
    assert newest["user_agent"] == ("Telephone1.0" + "x" * 300)[:200]
    assert (newest["is_current"], first["is_current"]) == (False, True)
    assert first["created_at"] <= first["last_used_at"] < first["expires_at"]
    page = client.get(URL, params={"limit": 1}, headers=customer.headers).json()
    rest = client.get(URL, params={"limit": 1, "cursor": page["next_cursor"]}, headers=customer.headers).json()
    assert [page["items"][0]["id"], rest["items"][0]["id"]] == [newest["id"], first["id"]]
    foreign = client.get(URL, params={"limit": 1, "cursor": page["next_cursor"]}, headers=other.headers)
    assert foreign.status_code == 400


def test_one_session_is_ended_and_no_other(client: TestClient, customer: Any, log_in: Callable[..., Any]) -> None:
    elsewhere = log_in(customer.email)
    sessions = client.get(URL, headers=customer.headers).json()["items"]
    [ended] = [session["id"] for session in sessions if not session["is_current"]]
    assert client.delete(f"{URL}/{ended}", headers=customer.headers).status_code == 204
    assert (me(client, customer), me(client, elsewhere)) == (200, 401)
    again = client.delete(f"{URL}/{ended}", headers=customer.headers)
    assert (again.status_code, again.json()["code"]) == (404, "session_not_found")


def test_somebody_elses_session_does_not_exist(client: TestClient, customer: Any, other: Any) -> None:
    [theirs] = client.get(URL, headers=other.headers).json()["items"]
    assert client.delete(f"{URL}/{theirs['id']}", headers=customer.headers).status_code == 404
    assert me(client, other) == 200


def test_all_others_are_ended_at_once(client: TestClient, customer: Any, log_in: Callable[..., Any]) -> None:
    others = [log_in(customer.email) for _ in range(3)]
    assert client.delete(URL, headers=customer.headers).status_code == 204
    assert [me(client, caller) for caller in others] == [401] * 3
    assert me(client, customer) == 200
    assert len(client.get(URL, headers=customer.headers).json()["items"]) == 1


def test_a_refresh_says_where_the_session_is_now(client: TestClient, customer: Any) -> None:
    refresh = {"refresh_token": customer.tokens["refresh_token"]}
    client.post("/api/v1/auth/refresh", json=refresh, headers={"User-Agent": "Telephone"})
    [session] = client.get(URL, headers=customer.headers).json()["items"]
    assert session["user_agent"] == "Telephone"
    assert session["last_used_at"] > session["created_at"]
