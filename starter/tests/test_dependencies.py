"""Every alias in dependencies.py can be overridden, and the effect is seen over HTTP."""

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from ondol import NotFound
from ondol.auth.principal import Principal
from ondol.auth.tokens import TokenPair
from ondol.db.pagination import PageRows
from ondol.web import origin
from ondol.web.conditional import expected_versions
from ondol.web.cookies import get_token_cookies
from ondol.web.dependencies import get_cache, get_ondol, get_paginator, read_session, write_session
from ondol.web.limits import get_request_limits

from app import dependencies
from app.dependencies import access_token, current_user, oauth2_scheme
from app.schemas.dashboard import Dashboard

ID = UUID("01900000-0000-7000-8000-000000000009")
PRODUCT = "/api/v1/products/01900000-0000-7000-8000-000000000001"


class Teapot(NotFound):
    code = "overridden"


def refuse() -> Any:
    raise Teapot


async def refuse_session() -> AsyncIterator[Any]:
    raise Teapot
    yield


class StandIn:
    """Answers every service call the same way."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def call(*_: Any, **__: Any) -> Any:
            return self._answer

        return call


class RefusingPaginator:
    async def page(self, *_: Any, **__: Any) -> Any:
        raise Teapot


EMPTY = PageRows[Any]([], "overridden")
ORDER = {
    "id": ID,
    "status": "placed",
    "total": Decimal("7.00"),
    "currency": "KRW",
    "lines": [],
    "customer": {"id": ID, "full_name": "n"},
    "version": 1,
    "created_at": "2026-01-01T00:00:00Z",
}
ACCOUNT = SimpleNamespace(
    id=ID,
    email="overridden@example.com",
    full_name="n",
    role="customer",
    is_active=True,
    last_seen_at=None,
    version=1,
    created_at="2026-01-01T00:00:00Z",
    updated_at="2026-01-01T00:00:00Z",
)
PAIR = TokenPair(access_token="overridden", expires_in=1, refresh_token="r", scope="")
SUMS = Dashboard(revenue=[], best_sellers=[], low_stock=[], new_customers=77, as_of="2026-01-01T00:00:00Z")
EVERYTHING = Principal(ID, ID, frozenset(dependencies.Scope))


def principal() -> Principal:
    return EVERYTHING


def answering(answer: Any) -> Callable[[], Any]:
    return lambda: StandIn(answer)


REFRESH = ("POST", "/api/v1/auth/refresh", {"json": {"refresh_token": "x" * 30}})
ME = ("GET", "/api/v1/users/me", {})
RENAME = ("PATCH", "/api/v1/users/me", {"json": {"full_name": "m"}})
LIST = ("GET", "/api/v1/products", {})
CREATE = ("POST", "/api/v1/products", {"json": {"name": "n", "price": "1.00"}})
ORDERS = ("GET", "/api/v1/orders", {})
CANCEL = ("POST", f"/api/v1/orders/{ID}/cancel", {})
USERS = ("GET", "/api/v1/users", {})
USER = ("PATCH", f"/api/v1/users/{ID}", {"json": {}})
DASHBOARD = ("GET", "/api/v1/dashboard", {})
AUDIT = ("GET", "/api/v1/audit-log", {})
SESSIONS = "/api/v1/auth/sessions"
TOKEN = {"token": "x" * 30}
CONFIRM = (
    "POST",
    "/api/v1/auth/register/confirm",
    {"json": {**TOKEN, "password": "a good long one", "full_name": "n"}},
)
RESET = (
    "POST",
    "/api/v1/auth/password-reset/confirm",
    {"json": {"token": "x" * 30, "new_password": "a good long one"}},
)
NEW_EMAIL = ("POST", "/api/v1/auth/email-change/confirm", {"json": {"token": "x" * 30}})

# alias: (what is overridden, by what, a request, what its answer must contain)
CASES: dict[str, tuple[Any, Any, tuple[str, str, dict[str, Any]], str]] = {
    "SessionDep": (write_session, refuse_session, REFRESH, "overridden"),
    "ReadSessionDep": (read_session, refuse_session, ME, "overridden"),
    "PaginatorDep": (get_paginator, RefusingPaginator, USERS, "overridden"),
    "CacheDep": (get_cache, refuse, LIST, "overridden"),
    "OndolDep": (get_ondol, refuse, ("GET", "/health/ready", {}), "overridden"),
    "ExpectedVersions": (expected_versions, refuse, RENAME, "overridden"),
    "AccessToken": (access_token, refuse, ME, "overridden"),
    "OriginDep": (origin.get_origin, refuse, ME, "overridden"),
    "RequestLimitsDep": (get_request_limits, refuse, ME, "overridden"),
    "TokenCookiesDep": (get_token_cookies, refuse, ME, "overridden"),
    "AccountReader": (current_user, principal, ME, "user_not_found"),
    "AccountWriter": (current_user, principal, RENAME, "user_not_found"),
    "AuditReader": (current_user, principal, AUDIT, '"items":[]'),
    "BearerToken": (oauth2_scheme, refuse, ME, "overridden"),
    "ProductsWriter": (current_user, principal, CREATE, '"price":"1.00"'),
    "OrdersReader": (current_user, principal, ORDERS, '"items":[]'),
    "OrdersWriter": (current_user, principal, CANCEL, "order_not_found"),
    "UsersReader": (current_user, principal, USERS, '"items":[]'),
    "UsersWriter": (current_user, principal, USER, "user_not_found"),
    "DashboardReader": (current_user, principal, DASHBOARD, '"new_customers":0'),
    "ShopSettingsDep": (dependencies.shop_settings, refuse, LIST, "overridden"),
    "AuthServiceDep": (dependencies.auth_service, answering((PAIR, ID)), REFRESH, '"access_token":"overridden"'),
    "SessionServiceDep": (dependencies.session_service, answering(None), ("DELETE", f"{SESSIONS}/{ID}", {}), ""),
    "SessionReadServiceDep": (dependencies.session_read_service, answering(EMPTY), ("GET", SESSIONS, {}), "overridden"),
    "RegistrationServiceDep": (dependencies.registration_service, answering(ACCOUNT), CONFIRM, "overridden@example"),
    "PasswordResetServiceDep": (dependencies.password_reset_service, answering("a"), RESET, ""),
    "EmailChangeServiceDep": (dependencies.email_change_service, answering(ACCOUNT), NEW_EMAIL, "overridden@example"),
    "AuditReadServiceDep": (dependencies.audit_read_service, answering(EMPTY), AUDIT, '"overridden"'),
    "UserServiceDep": (dependencies.user_service, answering(ACCOUNT), RENAME, "overridden@example.com"),
    "UserReadServiceDep": (dependencies.user_read_service, answering(ACCOUNT), ME, "overridden@example.com"),
    "ProductServiceDep": (dependencies.product_service, answering(None), ("DELETE", PRODUCT, {}), ""),
    "ProductReadServiceDep": (dependencies.product_read_service, answering(EMPTY), LIST, '"overridden"'),
    "OrderServiceDep": (dependencies.order_service, answering(ORDER), CANCEL, '"total":"7.00"'),
    "OrderReadServiceDep": (dependencies.order_read_service, answering(EMPTY), ORDERS, '"overridden"'),
    "DashboardServiceDep": (dependencies.dashboard_service, answering(SUMS), DASHBOARD, '"new_customers":77'),
}

NEEDS_A_CALLER = {
    *("ReadSessionDep", "PaginatorDep", "CacheDep", "ExpectedVersions", "UserServiceDep", "UserReadServiceDep"),
    *("ProductServiceDep", "OrderServiceDep", "OrderReadServiceDep", "DashboardServiceDep"),
    *("SessionServiceDep", "SessionReadServiceDep", "AuditReadServiceDep"),
}


def aliases() -> set[str]:
    return {name for name, value in vars(dependencies).items() if get_origin(value) is Annotated and get_args(value)}


def test_every_alias_is_exported() -> None:
    assert set(CASES) <= aliases() == set(dependencies.__all__)


@pytest.mark.parametrize("alias", CASES)
def test_overriding_an_alias_is_seen_over_http(app: FastAPI, client: TestClient, alias: str) -> None:
    original, replacement, (method, path, request), expected = CASES[alias]
    if alias in NEEDS_A_CALLER:
        app.dependency_overrides[current_user] = principal
    before = client.request(method, path, **request)
    app.dependency_overrides[original] = replacement
    after = client.request(method, path, **request)
    assert expected in after.text
    assert after.status_code < 500
    assert (after.status_code, after.text) != (before.status_code, before.text)
