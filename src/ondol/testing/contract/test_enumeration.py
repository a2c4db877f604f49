"""Responses do not reveal which addresses have accounts (ASVS 6.3.8)."""

import pytest

from ondol.testing.contract import AUTH
from ondol.testing.contract.fixtures import Rig
from ondol.testing.contract.service import form_of


def disabled_address(rig: Rig) -> str:
    [headers], admin = rig.people(1), rig.admin()
    with rig.client() as client:
        account = client.get("/api/v1/users/me", headers=headers).json()
        client.patch(f"/api/v1/users/{account['id']}", json={"is_active": False}, headers=admin)
    return str(account["email"])


PATHS = {
    "logging in · ASVS 6.3.8": "token",
    "registering · ASVS 6.3.8": "register",
    "a forgotten password · ASVS 6.3.8": "password-reset",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_known_unknown_and_disabled_are_answered_alike(rig: Rig, path: str) -> None:
    if not rig.serves(f"{AUTH}/{path}"):
        pytest.skip(f"There is no {path}.")
    addresses = [rig.new_address(), disabled_address(rig), "nobody@example.com"]
    with rig.client() as client:
        answers = [client.post(f"{AUTH}/{path}", **form_of(path, address)) for address in addresses]
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
