"""Log in with Kakao: OAuth 2.0 authorization code with state and PKCE (RFC 6749, RFC 7636, RFC 9700)."""

import hmac
import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx2
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from uuid_utils.compat import uuid7

from ondol import BadRequest, Conflict
from ondol.auth.tokens import AccessTokens
from ondol.errors import Unavailable
from ondol.web.problems import install_problems, problem_responses

AUTHORIZE, TOKEN = "https://kauth.kakao.com/oauth/authorize", "https://kauth.kakao.com/oauth/token"
ACCOUNT = "https://kapi.kakao.com/v2/user/me"
CLIENT = {
    "client_id": os.environ.get("KAKAO_CLIENT_ID", "the app's REST API key"),
    "redirect_uri": os.environ.get("KAKAO_REDIRECT_URI", "http://localhost:8000/auth/kakao/callback"),
}
SECRET = os.environ.get("KAKAO_CLIENT_SECRET", "")
COOKIE = "__Host-kakao-login"
# Lax: Kakao's redirect comes from another site.
COOKIE_OPTIONS: dict[str, Any] = {"path": "/", "secure": True, "httponly": True, "samesite": "lax"}

tokens = AccessTokens("a secret of at least thirty-two characters", issuer="me", audience="me", lifetime_seconds=600)
accounts: dict[str, UUID] = {}  # by e-mail address; in a project: the table users
identities: dict[str, UUID] = {}  # by Kakao's id; in a project: a table with a unique (provider, subject)


class LoginFailed(BadRequest):
    code = "login_failed"
    detail = "The login at Kakao was cancelled or has expired. Start again."


class AccountExists(Conflict):
    code = "account_exists"
    detail = "An account with this e-mail address exists. Log in with its password, then connect Kakao to it."


class AddressNeeded(Conflict):
    code = "address_needed"
    detail = "Kakao confirmed no e-mail address. Register with one, then connect Kakao to the account."


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx2.AsyncClient(timeout=5) as app.state.http:
        yield


app = FastAPI(lifespan=lifespan)
install_problems(app)


@app.get("/auth/kakao", status_code=303, response_class=RedirectResponse)
async def log_in() -> RedirectResponse:
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    query = urlencode({**CLIENT, **pkce, "response_type": "code", "state": state, "scope": "account_email"})
    response = RedirectResponse(f"{AUTHORIZE}?{query}", status_code=303)
    response.set_cookie(COOKIE, f"{state}.{verifier}", max_age=600, **COOKIE_OPTIONS)
    return response


@app.get("/auth/kakao/callback", responses=problem_responses(LoginFailed, AccountExists, AddressNeeded, Unavailable))
async def callback(request: Request, response: Response, state: str = "", code: str = "") -> dict[str, str]:
    expected, _, verifier = request.cookies.get(COOKIE, "").partition(".")
    if not expected or not code or not hmac.compare_digest(expected.encode(), state.encode()):
        raise LoginFailed
    user_id = account_of(await kakao_account(app.state.http, code, verifier))
    response.delete_cookie(COOKIE, **COOKIE_OPTIONS)
    token = tokens.issue(user_id=user_id, session_id=uuid7(), scopes=frozenset())
    return {"access_token": token, "token_type": "bearer"}


async def kakao_account(http: httpx2.AsyncClient, code: str, verifier: str) -> Mapping[str, Any]:
    """Exchange the code and return Kakao's account. Raises LoginFailed, Unavailable."""
    form = {**CLIENT, "client_secret": SECRET, "code": code, "code_verifier": verifier}
    try:
        answer = await http.post(TOKEN, data={**form, "grant_type": "authorization_code"})
        if answer.status_code in (400, 401):
            raise LoginFailed
        bearer = {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}
        account: dict[str, Any] = (await http.get(ACCOUNT, headers=bearer)).raise_for_status().json()
    except httpx2.HTTPError as error:
        raise Unavailable from error
    return account


def account_of(kakao: Mapping[str, Any]) -> UUID:
    """Return the account that is connected to Kakao's, or a new one. Raises AccountExists, AddressNeeded."""
    subject, details = str(kakao["id"]), kakao.get("kakao_account", {})
    if subject in identities:
        return identities[subject]
    if not (details.get("is_email_valid") and details.get("is_email_verified")):
        raise AddressNeeded
    email = details["email"].lower()
    if email in accounts:  # the same address is no proof that both accounts have the same owner
        raise AccountExists
    identities[subject] = accounts[email] = uuid7()
    return accounts[email]
