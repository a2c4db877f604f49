"""Browser mode (AUTH__COOKIES): tokens in cookies that scripts cannot read and foreign pages cannot use."""

from collections.abc import Iterator
from http.cookies import SimpleCookie

import httpx2
import pytest

from ondol.testing.contract import AUTH, ME, PASSWORD
from ondol.testing.contract.fixtures import Rig

ENVIRONMENT = {"AUTH__COOKIES": "true", "HTTP__CORS_ORIGINS": '["https://shop.example"]'}
OURS = {"X-CSRF-Protection": "1"}


@pytest.fixture
def form(rig: Rig) -> dict[str, str]:
    return {"username": rig.new_address(), "password": PASSWORD}


@pytest.fixture
def page(rig: Rig, form: dict[str, str]) -> Iterator[httpx2.Client]:
    """Yield a logged-in client, like a page of the service. (httpx2 drops Secure cookies over http: set by hand.)"""
    with rig.client() as client:
        answer = client.post(f"{AUTH}/token", data=form, headers=OURS)
        client.cookies.clear()
        client.headers["Cookie"] = "; ".join(f"{name}={cookie.value}" for name, cookie in cookies_of(answer).items())
        yield client


def cookies_of(answer: httpx2.Response) -> SimpleCookie:
    cookies = SimpleCookie()
    for header in answer.headers.get_list("set-cookie"):
        cookies.load(header)
    return cookies


def test_tokens_are_in_cookies_and_nowhere_else(rig: Rig, form: dict[str, str]) -> None:
    """ASVS 3.3: __Host-, Secure, HttpOnly, SameSite."""
    with rig.client() as client:
        answer = client.post(f"{AUTH}/token", data=form, headers=OURS)
    assert (answer.json()["access_token"], answer.json()["refresh_token"]) == ("", "")
    cookies = cookies_of(answer)
    assert set(cookies) == {"__Host-access", "__Host-refresh", "__Host-device"}
    for cookie in cookies.values():
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, True, "strict", "/")
        assert cookie["domain"] == ""
        assert cookie.value not in answer.text


def test_a_page_of_ours_reads_writes_and_stays_logged_in(page: httpx2.Client) -> None:
    assert page.get(ME).status_code == 200
    assert page.patch(ME, json={"full_name": "m"}, headers=OURS).status_code == 200
    refreshed = page.post(f"{AUTH}/refresh", headers=OURS)
    assert (refreshed.status_code, refreshed.json()["refresh_token"]) == (200, "")
    assert set(cookies_of(refreshed)) == {"__Host-access", "__Host-refresh"}
    ended = page.post(f"{AUTH}/logout", headers=OURS)
    assert ended.status_code == 204
    assert {cookie.value for cookie in cookies_of(ended).values()} == {""}
    assert page.get(ME).status_code == 401
    assert page.post(f"{AUTH}/refresh", headers=OURS).status_code == 401


FOREIGN: dict[str, dict[str, str]] = {
    "a form of a foreign page": {"Origin": "https://evil.example"},
    "a form that hides where it is": {"Origin": "null"},
    "a plain form": {},
    "a foreign page with the header": {"Origin": "https://evil.example", **OURS},
    "a page of a subdomain": {"Origin": "http://a.127.0.0.1", **OURS},
    "a page of another port": {"Origin": "http://127.0.0.1:1", **OURS},
    "no origin at all": {"Origin": "http://[", **OURS},
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_foreign_page_changes_nothing(page: httpx2.Client, form: dict[str, str], case: str) -> None:
    """ASVS 3.5.1: it can neither log in nor log out."""
    for answer in (
        page.patch(ME, json={"full_name": "forged"}, headers=FOREIGN[case]),
        page.post(f"{AUTH}/refresh", headers=FOREIGN[case]),
        page.post(f"{AUTH}/logout", headers=FOREIGN[case]),
        page.post(f"{AUTH}/token", data=form, headers=FOREIGN[case]),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forged_request")
        assert not answer.headers.get_list("set-cookie")
    assert '"forged"' not in page.get(ME).text


def test_a_page_logs_out_also_when_its_access_token_has_expired(page: httpx2.Client) -> None:
    cookies = page.headers["Cookie"]
    page.headers["Cookie"] = "; ".join(part for part in cookies.split("; ") if "access" not in part)
    ended = page.post(f"{AUTH}/logout", headers=OURS)
    assert ended.status_code == 204
    assert {cookie.value for cookie in cookies_of(ended).values()} == {""}
    assert page.post(f"{AUTH}/refresh", headers=OURS).status_code == 401


def test_a_wrong_password_and_a_right_one_are_told_the_same_to_a_foreign_page(rig: Rig, form: dict[str, str]) -> None:
    with rig.client() as client:
        right, wrong = (client.post(f"{AUTH}/token", data=data) for data in (form, {**form, "password": "x"}))
    assert right.status_code == wrong.status_code == 403


def test_a_page_of_a_listed_origin_may(page: httpx2.Client) -> None:
    theirs = {"Origin": "https://shop.example", **OURS}
    answer = page.patch(ME, json={"full_name": "m"}, headers=theirs)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"


def test_a_bearer_token_needs_no_such_header(rig: Rig) -> None:
    """A browser never sends a bearer token by itself."""
    [headers] = rig.people(1)
    with rig.client(headers=headers) as client:
        assert client.patch(ME, json={"full_name": "m"}).status_code == 200
