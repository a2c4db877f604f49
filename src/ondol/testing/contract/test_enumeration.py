"""Responses do not reveal which addresses have accounts (ASVS 6.3.8)."""

from collections.abc import Callable

import httpx2
import pytest

from ondol.testing.contract import AUTH
from ondol.testing.contract.fixtures import Rig

WRONG = "wrong horse battery"


def disabled_address(rig: Rig) -> str:
    [headers], admin = rig.people(1), rig.admin()
    with rig.client() as client:
        account = client.get("/api/v1/users/me", headers=headers).json()
        client.patch(f"/api/v1/users/{account['id']}", json={"is_active": False}, headers=admin)
    return str(account["email"])


Ask = Callable[[httpx2.Client, str], httpx2.Response]


def log_in(client: httpx2.Client, address: str) -> httpx2.Response:
    return client.post(f"{AUTH}/token", data={"username": address, "password": WRONG})


def register(client: httpx2.Client, address: str) -> httpx2.Response:
    return client.post(f"{AUTH}/register", json={"email": address})


def reset(client: httpx2.Client, address: str) -> httpx2.Response:
    return client.post(f"{AUTH}/password-reset", json={"email": address})


ASKS: dict[str, tuple[str, Ask]] = {
    "logging in · ASVS 6.3.8": ("token", log_in),
    "registering · ASVS 6.3.8": ("register", register),
    "a forgotten password · ASVS 6.3.8": ("password-reset", reset),
}


@pytest.mark.parametrize("name", ASKS)
def test_known_unknown_and_disabled_are_answered_alike(rig: Rig, name: str) -> None:
    path, ask = ASKS[name]
    if not rig.serves(f"{AUTH}/{path}"):
        pytest.skip(f"There is no {path}.")
    addresses = [rig.new_address(), disabled_address(rig), "nobody@example.com"]
    with rig.client() as client:
        answers = [ask(client, address) for address in addresses]
    seen = {
        (
            answer.status_code,
            str({key: value for key, value in answer.json().items() if key != "request_id"})
            if answer.status_code >= 400
            else answer.text,
            tuple(sorted(set(answer.headers) - {"date", "x-request-id"})),
        )
        for answer in answers
    }
    assert len(seen) == 1, seen
