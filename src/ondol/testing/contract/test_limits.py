"""Rate limits are exact over both workers, work without Valkey, and do not lock owners out."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from ondol.testing.contract import AUTH, ME, PASSWORD
from ondol.testing.contract.fixtures import Rig
from ondol.testing.contract.service import form_of

ENVIRONMENT = {
    "LIMITS__API_ADDRESS": "1000000/m",
    "LIMITS__API_ACCOUNT": "40/m",
    "LIMITS__LOGIN_ADDRESS": "30/m",
    "LIMITS__LOGIN_ACCOUNT": "5/m",
    "LIMITS__REGISTER_ADDRESS": "10/m",
    "LIMITS__REGISTER_ACCOUNT": "3/m",
    "LIMITS__RESET_ADDRESS": "10/m",
    "LIMITS__RESET_ACCOUNT": "3/m",
    "LIMITS__REFRESH_ADDRESS": "30/m",
    "LIMITS__REFRESH_ACCOUNT": "10/m",
    "HTTP__TRUSTED_PROXIES": '["127.0.0.0/8", "10.0.0.0/8"]',
    "ENVIRONMENT": "test",
}
Send = Callable[[httpx2.AsyncClient, str, int], Any]


@pytest.fixture(autouse=True)
def begin_anew(rig: Rig) -> None:
    """Reset the counts of earlier tests."""
    rig.valkey.stop()
    rig.restart_valkey()


def posts(path: str, address: str) -> Send:
    """Return a function that posts the form at `path`. `{n}` in `address` is the number of the request."""
    return lambda client, base, n: client.post(f"{base}{AUTH}/{path}", **form_of(path, address.format(n=n)))


CHECKS = {
    "logging in, by address · ASVS 6.3.1": ("token", "{n}@example.com", 30),
    "logging in, by account · ASVS 6.3.1": ("token", "One@example.com ", 5),
    "registering, by address · API4": ("register", "{n}@example.com", 10),
    "registering, by account · API4": ("register", "one@example.com", 3),
    "resetting, by address · API4": ("password-reset", "{n}@example.com", 10),
    "resetting, by account · API4": ("password-reset", "one@example.com", 3),
    "refreshing, by address · API4": ("refresh", "", 30),
}


async def at_once(rig: Rig, send: Send, number: int) -> list[httpx2.Response]:
    """Send `number` requests at once, alternating between the workers."""
    async with httpx2.AsyncClient(timeout=30, limits=httpx2.Limits(max_connections=None)) as client:
        return list(await asyncio.gather(*(send(client, rig.bases[i % 2], i) for i in range(number))))


@pytest.mark.parametrize("check", CHECKS)
async def test_it_is_exact_over_both_workers(rig: Rig, check: str) -> None:
    path, address, allowed = CHECKS[check]
    if not rig.serves(f"{AUTH}/{path}"):
        pytest.skip(f"There is no {path}.")
    answers = await at_once(rig, posts(path, address), allowed + 10)
    counted = Counter(answer.status_code == 429 for answer in answers)
    assert counted == {False: allowed, True: 10}
    for answer in answers:
        if answer.status_code == 429:
            assert answer.json()["code"] == "too_many_requests"
            assert 1 <= int(answer.headers["Retry-After"]) <= 60


async def test_the_whole_api_is_limited_by_account(rig: Rig) -> None:
    one, other = rig.people(2)
    answers = await at_once(rig, lambda client, base, _: client.get(f"{base}{ME}", headers=one), 50)
    assert Counter(answer.status_code for answer in answers) == {200: 40, 429: 10}
    with rig.client() as client:
        assert client.get(ME, headers=other).status_code == 200


def test_an_owner_gets_in_while_strangers_try(rig: Rig) -> None:
    """OWASP, device cookies: a known device has its own attempts, which are limited too."""
    address = rig.new_address()
    form = {"username": address, "password": PASSWORD}
    with rig.client() as owner, rig.client() as stranger, rig.client(1) as elsewhere:
        device = owner.post(f"{AUTH}/token", data=form).cookies["__Host-device"]
        known = {"Cookie": f"__Host-device={device}"}
        for number in range(6):
            last = stranger.post(f"{AUTH}/token", data={"username": address, "password": f"wrong {number}"})
        assert last.status_code == 429
        assert elsewhere.post(f"{AUTH}/token", data=form).status_code == 429  # even with the right password
        assert elsewhere.post(f"{AUTH}/token", data=form, headers=known).status_code == 200
        for _ in range(5):
            wrong = {"username": address, "password": "wrong"}
            assert owner.post(f"{AUTH}/token", data=wrong, headers=known).status_code == 401
        assert owner.post(f"{AUTH}/token", data=form, headers=known).status_code == 429
        another = {"username": rig.new_address(), "password": "wrong"}
        for _ in range(6):
            last = stranger.post(f"{AUTH}/token", data=another, headers=known)
        assert last.status_code == 429  # the device is known to its own account only


def test_an_owner_who_logs_in_gives_no_stranger_new_guesses(rig: Rig) -> None:
    address = rig.new_address()
    with rig.client() as client:
        for password, status in (("wrong", 401), ("wrong", 401), (PASSWORD, 200), (PASSWORD, 200), ("wrong", 401)):
            assert client.post(f"{AUTH}/token", data={"username": address, "password": password}).status_code == status
            client.cookies.clear()
        for _ in range(2):
            client.post(f"{AUTH}/token", data={"username": address, "password": "wrong"})
        assert client.post(f"{AUTH}/token", data={"username": address, "password": PASSWORD}).status_code == 429


@pytest.mark.parametrize("written", ["x{n} <{address}>", " {address}", "{upper}", "=?utf-8?q?{address}?="])
def test_however_an_address_is_written_its_account_is_counted(rig: Rig, written: str) -> None:
    address = rig.new_address()
    with rig.client() as client:
        statuses = []
        for n in range(10):
            username = written.format(n=n, address=address, upper=address.upper())
            answer = client.post(f"{AUTH}/token", data={"username": username, "password": PASSWORD if n > 7 else "x"})
            statuses.append(answer.status_code)
            client.cookies.clear()
    assert 200 not in statuses


def test_a_device_is_a_stranger_after_the_password_changed(rig: Rig) -> None:
    address = rig.new_address()
    form = {"username": address, "password": PASSWORD}
    with rig.client() as client:
        logged_in = client.post(f"{AUTH}/token", data=form)
        device = {"Cookie": f"__Host-device={logged_in.cookies['__Host-device']}"}
        bearer = {"Authorization": f"Bearer {logged_in.json()['access_token']}"}
        body = {"current_password": PASSWORD, "new_password": "another good password"}
        changed = client.post(f"{ME}/password", json=body, headers=bearer)
        mine = {"Cookie": f"__Host-device={changed.cookies['__Host-device']}"}
        client.cookies.clear()
        for _ in range(6):
            last = client.post(f"{AUTH}/token", data=form, headers=device)
        assert last.status_code == 429
        new = {**form, "password": "another good password"}
        assert client.post(f"{AUTH}/token", data=new, headers=mine).status_code == 200


async def test_who_is_over_the_limit_uses_up_nobodys_account(rig: Rig) -> None:
    await at_once(rig, posts("token", "{n}@example.com"), 40)
    await at_once(rig, posts("token", "one@example.com"), 10)
    elsewhere = {"X-Forwarded-For": "9.9.9.9"}
    with rig.client(headers=elsewhere) as client:
        assert client.post(f"{AUTH}/token", **form_of("token", "one@example.com")).status_code == 401


def test_without_valkey_each_worker_counts_by_itself(rig: Rig) -> None:
    rig.valkey.stop()
    try:
        for worker in (0, 1):
            with rig.client(worker) as client:
                answers = [client.post(f"{AUTH}/token", **form_of("token", "a@example.com")) for _ in range(8)]
            assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 3
    finally:
        rig.valkey.start()


def test_headers_say_how_it_stands(rig: Rig) -> None:
    """draft-ietf-httpapi-ratelimit-headers-10, section 3."""
    with rig.client() as client:
        for left in (29, 28, 27):
            answer = client.post(f"{AUTH}/token", **form_of("token", "b@example.com"))
            policy, standing = answer.headers["RateLimit-Policy"], answer.headers["RateLimit"]
            assert '"login-address";q=30;w=60' in policy
            assert f'"login-address";r={left};t=' in standing
            # The count of an account would reveal that it exists, and when its owner logs in.
            assert "login-account" not in policy + standing
        own = client.get(ME, headers=rig.people(1)[0])
        assert '"api-account";r=39;t=' in own.headers["RateLimit"]
