"""examples/kakao_login.py against a server that checks what Kakao checks."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI, Header, HTTPException, Request
from fastapi.testclient import TestClient

from examples import kakao_login

CONFIRMED = {"email": "Jiwoo@example.com", "is_email_valid": True, "is_email_verified": True}


class Kakao:
    """A provider with one account. `asked` is the query that the browser brought."""

    def __init__(self) -> None:
        self.account: dict[str, Any] = {"id": 1234, "kakao_account": CONFIRMED}
        self.asked: dict[str, str] = {}
        self.is_up = True
        self.app = FastAPI()
        self.app.post("/oauth/token")(self.token)
        self.app.get("/v2/user/me")(self.me)

    async def token(self, request: Request) -> dict[str, str]:
        form = {name: str(value) for name, value in (await request.form()).items()}
        if not self.is_up:
            raise HTTPException(502)
        challenge = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        same = all(form[name] == self.asked[name] for name in ("client_id", "redirect_uri"))
        if form["code"] != "one code" or not same or challenge != self.asked["code_challenge"]:
            raise HTTPException(400)
        return {"access_token": "kakao's"}

    async def me(self, authorization: Annotated[str, Header()]) -> dict[str, Any]:
        assert authorization == "Bearer kakao's"
        return self.account


@pytest.fixture
def kakao() -> Kakao:
    return Kakao()


@pytest.fixture
def client(kakao: Kakao, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(kakao_login, "accounts", {})
    monkeypatch.setattr(kakao_login, "identities", {})
    with TestClient(kakao_login.app, base_url="https://testserver") as client:
        kakao_login.app.state.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=kakao.app))
        yield client


def log_in(client: TestClient, kakao: Kakao, **changed: str) -> Any:
    sent = client.get("/auth/kakao", follow_redirects=False)
    assert sent.status_code == 303
    assert sent.headers["Location"].startswith("https://kauth.kakao.com/oauth/authorize?")
    kakao.asked = dict(parse_qsl(urlsplit(sent.headers["Location"]).query))
    assert (kakao.asked["response_type"], kakao.asked["code_challenge_method"]) == ("code", "S256")
    return client.get("/auth/kakao/callback", params={"code": "one code", "state": kakao.asked["state"], **changed})


def owner(answer: Any) -> UUID:
    assert answer.status_code == 200, answer.text
    return kakao_login.tokens.verify(answer.json()["access_token"]).user_id


def test_the_same_kakao_account_is_the_same_account_whatever_its_address(client: TestClient, kakao: Kakao) -> None:
    first = owner(log_in(client, kakao))
    assert kakao_login.accounts == {"jiwoo@example.com": first}
    kakao.account = {"id": 1234, "kakao_account": {"email": "other@example.com"}}
    assert owner(log_in(client, kakao)) == first


def test_an_address_alone_connects_nothing(client: TestClient, kakao: Kakao) -> None:
    owner(log_in(client, kakao))
    kakao.account = {**kakao.account, "id": 5678}
    refused = log_in(client, kakao)
    assert (refused.status_code, refused.json()["code"]) == (409, "account_exists")


@pytest.mark.parametrize("details", [{}, {**CONFIRMED, "is_email_verified": False}])
def test_an_address_that_kakao_did_not_confirm_makes_no_account(
    client: TestClient, kakao: Kakao, details: dict[str, Any]
) -> None:
    kakao.account["kakao_account"] = details
    assert log_in(client, kakao).json()["code"] == "address_needed"


@pytest.mark.parametrize("changed", [{"state": "another"}, {"state": "가"}, {"code": ""}, {"code": "another"}])
def test_a_callback_that_this_browser_did_not_begin_is_refused(
    client: TestClient, kakao: Kakao, changed: dict[str, str]
) -> None:
    refused = log_in(client, kakao, **changed)
    assert (refused.status_code, refused.json()["code"]) == (400, "login_failed")


def test_a_callback_is_of_use_once_and_in_this_browser_alone(client: TestClient, kakao: Kakao) -> None:
    owner(log_in(client, kakao))
    again = client.get("/auth/kakao/callback", params={"code": "one code", "state": kakao.asked["state"]})
    assert again.json()["code"] == "login_failed"


def test_a_provider_that_is_down_is_a_503(client: TestClient, kakao: Kakao) -> None:
    kakao.is_up = False
    assert log_in(client, kakao).status_code == 503
