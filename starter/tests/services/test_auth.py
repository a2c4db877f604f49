"""The steps of a login, and their order."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from ondol import TooManyRequests
from ondol.auth.client import Client
from ondol.testing.contract import PASSWORD

from app.models import LoginSession, RefreshToken
from app.runtime import Runtime
from app.services.auth import AuthService, LoggedIn, WrongCredentials
from app.settings import AppSettings, LimitsSettings

EMAIL = "owner@example.com"


@pytest.fixture
def settings(settings: AppSettings) -> AppSettings:
    return settings.model_copy(update={"limits": LimitsSettings(login_address="20/h", login_account="3/h")})


@pytest.fixture
def steps(runtime: Runtime, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of steps, in order: counts, and hashes with the connections held meanwhile."""
    done: list[str] = []
    limiter, passwords, pool = runtime.rate_limiter, runtime.passwords, runtime.database.engine.pool

    def wrap(target: Any, name: str, said: Callable[..., str]) -> None:
        real = getattr(target, name)

        async def call(*arguments: Any) -> Any:
            done.append(said(*arguments))
            return await real(*arguments)

        monkeypatch.setattr(target, name, call)

    wrap(limiter, "enforce", lambda limit, _: f"count {limit.name}")
    wrap(limiter, "give_back", lambda limit: f"give back {limit.name}")
    wrap(passwords, "verify", lambda *_: f"verify, {pool.checkedout()} connections held")  # type: ignore[attr-defined]
    return done


def log_in(client: TestClient, runtime: Runtime, password: str = PASSWORD, **given: Any) -> LoggedIn:
    async def call() -> LoggedIn:
        async with runtime.transaction(Client(address="192.0.2.1")) as work:
            username, device = given.get("username", EMAIL), given.get("device_token", "")
            return await AuthService(work).log_in(username, password, [], device_token=device)

    assert client.portal is not None
    return client.portal.call(call)


@pytest.fixture
def account(new_account: Callable[[str], None]) -> str:
    new_account(EMAIL)
    return EMAIL


def test_it_is_counted_before_the_password_is_looked_at_and_given_back_after(
    client: TestClient, runtime: Runtime, account: str, steps: list[str]
) -> None:
    log_in(client, runtime)
    held = "verify, 0 connections held"
    assert steps == ["count login-address", "count login-account", held, "give back login-account"]


@pytest.mark.parametrize("username", [EMAIL, "nobody@example.com", "no address"])
def test_a_refusal_takes_the_same_steps_whoever_it_is(
    client: TestClient, runtime: Runtime, account: str, steps: list[str], statements: list[str], username: str
) -> None:
    with pytest.raises(WrongCredentials):
        log_in(client, runtime, "wrong", username=username)
    assert steps == ["count login-address", "count login-account", "verify, 0 connections held"]
    assert statements[-1].startswith("INSERT INTO audit_log")  # audit


def test_beyond_the_limit_no_password_is_looked_at(
    client: TestClient, runtime: Runtime, account: str, steps: list[str], database: Any
) -> None:
    for _ in range(3):
        with pytest.raises(WrongCredentials):
            log_in(client, runtime, "wrong")
    steps.clear()
    with pytest.raises(TooManyRequests):
        log_in(client, runtime)
    assert steps == ["count login-address", "count login-account"]
    with database.transaction() as session:
        assert session.query(LoginSession).count() == session.query(RefreshToken).count() == 0


def test_a_device_that_logged_in_is_counted_apart(client: TestClient, runtime: Runtime, account: str) -> None:
    known = log_in(client, runtime).device_token
    for _ in range(3):
        with pytest.raises(WrongCredentials):
            log_in(client, runtime, "wrong")
    with pytest.raises(TooManyRequests):
        log_in(client, runtime)
    assert log_in(client, runtime, device_token=known).device_token
