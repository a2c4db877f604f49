"""Requests send no more statements to PostgreSQL than needed, and read no unused columns."""

from typing import Annotated, Any
from unittest.mock import create_autospec

import pytest
from fastapi import APIRouter, FastAPI, Security
from fastapi.testclient import TestClient
from ondol.auth.caller import Caller
from ondol.auth.tokens import AccessTokens

from app.access import current_user
from app.scopes import Scope
from app.settings import AppSettings, LimitsSettings

ME = "/api/v1/users/me"


def test_a_password_hash_leaves_postgresql_only_to_be_checked(
    client: TestClient, customer: Any, admin: Any, statements: list[str]
) -> None:
    statements.clear()
    for url, caller in ((ME, customer), ("/api/v1/users", admin), (f"/api/v1/users/{customer.id}", admin)):
        assert client.get(url, headers=caller.headers).status_code == 200
    assert len(statements) > 3
    assert not [each for each in statements if "hashed_password" in each]


class TestWithLimitsOfTheWholeApi:
    @pytest.fixture
    def settings(self, settings: AppSettings) -> AppSettings:
        limits = {"api_address": "1000/h", "api_account": "1000/h"}
        return settings.model_copy(update={"limits": LimitsSettings(**limits)})

    def test_the_bearer_token_is_verified_once_a_request(
        self, client: TestClient, customer: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        verify = create_autospec(AccessTokens.verify, side_effect=AccessTokens.verify)
        monkeypatch.setattr(AccessTokens, "verify", verify)
        answer = client.get(ME, headers=customer.headers)
        assert [call.args[1] for call in verify.call_args_list] == [customer.tokens["access_token"]]
        assert '"api-address"' in answer.headers["RateLimit"]
        assert '"api-account"' in answer.headers["RateLimit"]

    def test_a_request_is_counted_once_however_often_its_scopes_are_asked_for(
        self, app: FastAPI, client: TestClient, customer: Any
    ) -> None:
        router = APIRouter(dependencies=[Security(current_user, scopes=[Scope.ACCOUNT_READ])])

        @router.get("/twice")
        async def twice(user: Annotated[Caller, Security(current_user, scopes=[Scope.ACCOUNT_WRITE])]) -> None: ...

        app.include_router(router)
        answer = client.get("/twice", headers=customer.headers)
        assert answer.status_code == 200
        assert answer.headers["RateLimit"].count('"api-account"') == 1
