"""What requests send to PostgreSQL: no more statements than needed, no column that nobody sees."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI, Security
from fastapi.testclient import TestClient
from ondol.auth.caller import Caller
from ondol.auth.tokens import AccessTokens

from app.access import current_user
from app.scopes import Scope
from app.settings import AppSettings, LimitsSettings

Product = dict[str, Any]
ORDERS = "/api/v1/orders"
ME = "/api/v1/users/me"


@pytest.mark.parametrize("size", [1, 30])
def test_an_order_is_placed_in_four_statements(
    client: TestClient, customer: Any, new_product: Callable[..., Product], statements: list[str], size: int
) -> None:
    body = {"lines": [{"product_id": new_product()["id"], "quantity": 1} for _ in range(size)]}
    client.get(ME, headers=customer.headers)  # the login session is known from here on
    statements.clear()
    assert client.post(ORDERS, json=body, headers=customer.headers).status_code == 201
    own = [each for each in statements if "pg_notify" not in each]  # procrastinate's does not pass SQLAlchemy
    assert [each.split()[0] for each in own] == ["SELECT", "UPDATE", "INSERT", "INSERT"]


def test_an_order_is_read_without_its_customers_password_hash(
    client: TestClient, customer: Any, new_product: Callable[..., Product], statements: list[str]
) -> None:
    body = {"lines": [{"product_id": new_product()["id"], "quantity": 1}]}
    order = client.post(ORDERS, json=body, headers=customer.headers).json()
    statements.clear()
    for url in (f"{ORDERS}/{order['id']}", ORDERS):
        assert client.get(url, headers=customer.headers).status_code == 200
    assert len(statements) == 4
    assert not [each for each in statements if "hashed_password" in each or "email" in each]


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
        verified: list[str] = []
        verify = AccessTokens.verify
        monkeypatch.setattr(AccessTokens, "verify", lambda self, token: verified.append(token) or verify(self, token))
        answer = client.get(ME, headers=customer.headers)
        assert verified == [customer.tokens["access_token"]]
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
