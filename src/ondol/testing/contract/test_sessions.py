"""Sessions end in every worker within a second, with Valkey up or down, and need no query per request."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx2
import pytest

from ondol.testing.contract import AUTH, ME, PASSWORD
from ondol.testing.contract.fixtures import Rig
from ondol.testing.contract.service import claims_of, form_of
from ondol.testing.waiting import eventually

NEW = "another good password"
WITHIN_SECONDS = 1.0
Tokens = dict[str, Any]


class Person:
    """A customer, or an account with `role`, that logs in through the first worker."""

    def __init__(self, rig: Rig, role: Any = None) -> None:
        self._rig = rig
        [headers] = rig.people(1, role)
        with rig.client() as client:
            account = client.get(ME, headers=headers).json()
        self.id, self.email = account["id"], account["email"]

    def log_in(self) -> Tokens:
        with self._rig.client() as client:
            tokens: Tokens = client.post(f"{AUTH}/token", **form_of("token", self.email, PASSWORD)).json()
        return tokens


def bearer(tokens: Tokens) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def is_refused(client: httpx2.Client, url: str, tokens: Tokens, status: int) -> bool:
    return client.get(url, headers=bearer(tokens)).status_code == status


def end_it_from_another(client: httpx2.Client, person: Person, tokens: Tokens, _: Any) -> Any:
    other = bearer(person.log_in())
    [_, ended, *_] = client.get(f"{AUTH}/sessions", headers=other).json()["items"]
    return client.delete(f"{AUTH}/sessions/{ended['id']}", headers=other)


def change_password(client: httpx2.Client, person: Person, tokens: Tokens, _: Any) -> Any:
    body = {"current_password": PASSWORD, "new_password": NEW}
    return client.post(f"{ME}/password", json=body, headers=bearer(person.log_in()))


def reuse_a_refresh_token(client: httpx2.Client, person: Person, tokens: Tokens, _: Any) -> Any:
    used = tokens["refresh_token"]
    for _ in range(2):
        answer = client.post(f"{AUTH}/refresh", json={"refresh_token": tokens["refresh_token"]})
        tokens = {**tokens, "refresh_token": answer.json()["refresh_token"]}
    assert client.post(f"{AUTH}/refresh", json={"refresh_token": used}).status_code == 401
    return answer


ENDS: dict[str, Callable[[httpx2.Client, Person, Tokens, dict[str, str]], Any]] = {
    "logout · ASVS 7.4.1": lambda client, _, tokens, __: client.post(f"{AUTH}/logout", headers=bearer(tokens)),
    "revocation · RFC 7009 2.1": lambda client, _, tokens, __: client.post(
        f"{AUTH}/revoke", data={"token": tokens["refresh_token"]}
    ),
    "one ended from another · ASVS 7.5.2": end_it_from_another,
    "all others ended · ASVS 7.5.2": lambda client, person, *_: client.delete(
        f"{AUTH}/sessions", headers=bearer(person.log_in())
    ),
    "the password changed · ASVS 7.4.3": change_password,
    "the account disabled · ASVS 7.4.2": lambda client, person, _, admin: client.patch(
        f"/api/v1/users/{person.id}", json={"is_active": False}, headers=admin
    ),
    "a refresh token used again · RFC 9700 4.14.2": reuse_a_refresh_token,
}


@pytest.fixture(params=["Valkey is up", "Valkey is down"])
def with_valkey(request: pytest.FixtureRequest, rig: Rig) -> Iterator[None]:
    if request.param == "Valkey is up":
        yield
        return
    rig.valkey.stop()
    yield
    rig.restart_valkey()


@pytest.mark.parametrize("end", ENDS)
def test_a_session_ends_everywhere(rig: Rig, with_valkey: None, end: str) -> None:
    person, admin = Person(rig), rig.admin()
    tokens = person.log_in()
    with rig.client(0) as one, rig.client(1) as two:
        for worker in (one, two):
            assert worker.get(ME, headers=bearer(tokens)).status_code == 200
        assert ENDS[end](one, person, tokens, admin).status_code < 300
        for worker in (one, two):
            eventually(partial(is_refused, worker, ME, tokens, 401), WITHIN_SECONDS)
            refused = worker.post(f"{AUTH}/refresh", json={"refresh_token": tokens["refresh_token"]})
            assert refused.status_code == 401


def test_a_demoted_account_loses_its_scopes_everywhere(rig: Rig, with_valkey: None) -> None:
    """ASVS 8.3.2: a change of authorization takes effect at once."""
    person, admin = Person(rig, rig.contract.administrator), rig.admin()
    tokens = person.log_in()
    with rig.client(0) as one, rig.client(1) as two:
        for worker in (one, two):
            assert worker.get("/api/v1/users", headers=bearer(tokens)).status_code == 200
        demoted = one.patch(f"/api/v1/users/{person.id}", json={"role": rig.contract.customer}, headers=admin)
        assert demoted.status_code == 200
        for worker in (one, two):
            eventually(partial(is_refused, worker, "/api/v1/users", tokens, 403), WITHIN_SECONDS)


def test_authenticating_asks_postgresql_nothing(rig: Rig, with_valkey: None) -> None:
    """Only the first request of a session in each worker queries PostgreSQL."""
    person = Person(rig)
    headers = bearer(person.log_in())
    with rig.client(0, headers=headers) as one, rig.client(1, headers=headers) as two:
        for worker in (one, two, one, two):
            worker.get(ME)
        before = asked(rig, headers)
        assert before >= 1
        for _ in range(20):
            assert one.get(ME).status_code == two.get(ME).status_code == 200
        assert asked(rig, headers) == before


def asked(rig: Rig, headers: dict[str, str]) -> int:
    """Return how often the state of the session was read, according to PostgreSQL's log."""
    statements = rig.server_log.read_text(errors="replace").split("LOG:  ")
    session_id = claims_of(headers)["sid"]
    return sum("FROM login_sessions JOIN users" in each and session_id in each for each in statements)


async def test_fifty_refreshes_at_once_make_one_successor(rig: Rig) -> None:
    """RFC 9700, 4.14.2: a client may repeat a refresh if two requests raced or the response was lost."""
    tokens = Person(rig).log_in()
    async with httpx2.AsyncClient(timeout=30, limits=httpx2.Limits(max_connections=None)) as client:
        body = {"refresh_token": tokens["refresh_token"]}
        answers = await asyncio.gather(
            *(client.post(f"{rig.bases[number % 2]}{AUTH}/refresh", json=body) for number in range(50))
        )
    assert Counter(answer.status_code for answer in answers) == {200: 50}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
