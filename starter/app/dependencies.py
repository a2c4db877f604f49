"""The aliases routers use. Each is plain `Depends`: read its function to know what it does."""

from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from ondol.auth.principal import Principal
from ondol.web.conditional import ExpectedVersion
from ondol.web.dependencies import CacheDep, OndolDep, PaginatorDep, ReadSessionDep, SessionDep

from app.scopes import DESCRIPTIONS, Scope
from app.services.auth import AuthService, authenticate
from app.services.dashboard import DashboardService
from app.services.orders import OrderService
from app.services.products import ProductService
from app.services.users import UserService
from app.settings import AppSettings, ShopSettings

__all__ = [
    "AccessToken",
    "AuthServiceDep",
    "CacheDep",
    "CurrentUser",
    "DashboardReader",
    "DashboardServiceDep",
    "ExpectedVersion",
    "OndolDep",
    "OrderReadServiceDep",
    "OrderServiceDep",
    "OrdersReader",
    "OrdersWriter",
    "PaginatorDep",
    "ProductReadServiceDep",
    "ProductServiceDep",
    "ProductsWriter",
    "ReadSessionDep",
    "SessionDep",
    "ShopSettingsDep",
    "UserReadServiceDep",
    "UserServiceDep",
    "UsersReader",
    "UsersWriter",
]

oauth2_scheme = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token", scopes={scope.value: text for scope, text in DESCRIPTIONS.items()}
)
AccessToken = Annotated[str, Depends(oauth2_scheme)]


async def current_user(needed: SecurityScopes, token: AccessToken, ondol: OndolDep) -> Principal:
    """The caller. 401 without a valid token, 403 without the scopes the route declares."""
    principal = await authenticate(ondol, token)
    principal.require(needed.scopes)
    return principal


CurrentUser = Annotated[Principal, Security(current_user)]


# What follows goes feature by feature: who may, and the service. A service that writes stands on the request's
# transaction, one that only reads on a read session.


def auth_service(session: SessionDep, ondol: OndolDep) -> AuthService:
    return AuthService(session, ondol)


AuthServiceDep = Annotated[AuthService, Depends(auth_service)]


def user_service(session: SessionDep, ondol: OndolDep, cache: CacheDep) -> UserService:
    return UserService(session, ondol.database, cache, ondol.passwords)


def user_read_service(session: ReadSessionDep, ondol: OndolDep, cache: CacheDep) -> UserService:
    return UserService(session, ondol.database, cache, ondol.passwords)


UsersReader = Annotated[Principal, Security(current_user, scopes=[Scope.USERS_READ])]
UsersWriter = Annotated[Principal, Security(current_user, scopes=[Scope.USERS_WRITE])]
UserServiceDep = Annotated[UserService, Depends(user_service)]
UserReadServiceDep = Annotated[UserService, Depends(user_read_service)]


def shop_settings(ondol: OndolDep) -> ShopSettings:
    settings = ondol.settings
    assert isinstance(settings, AppSettings)
    return settings.shop


ShopSettingsDep = Annotated[ShopSettings, Depends(shop_settings)]


def product_service(session: SessionDep, cache: CacheDep, shop: ShopSettingsDep) -> ProductService:
    return ProductService(session, cache, cache_seconds=shop.product_cache_seconds)


def product_read_service(session: ReadSessionDep, cache: CacheDep, shop: ShopSettingsDep) -> ProductService:
    return ProductService(session, cache, cache_seconds=shop.product_cache_seconds)


ProductsWriter = Annotated[Principal, Security(current_user, scopes=[Scope.PRODUCTS_WRITE])]
ProductServiceDep = Annotated[ProductService, Depends(product_service)]
ProductReadServiceDep = Annotated[ProductService, Depends(product_read_service)]


def order_service(session: SessionDep, cache: CacheDep) -> OrderService:
    return OrderService(session, cache)


def order_read_service(session: ReadSessionDep, cache: CacheDep) -> OrderService:
    return OrderService(session, cache)


OrdersReader = Annotated[Principal, Security(current_user, scopes=[Scope.ORDERS_READ])]
OrdersWriter = Annotated[Principal, Security(current_user, scopes=[Scope.ORDERS_WRITE])]
OrderServiceDep = Annotated[OrderService, Depends(order_service)]
OrderReadServiceDep = Annotated[OrderService, Depends(order_read_service)]


def dashboard_service(session: ReadSessionDep, cache: CacheDep, shop: ShopSettingsDep) -> DashboardService:
    return DashboardService(session, cache, shop)


DashboardReader = Annotated[Principal, Security(current_user, scopes=[Scope.DASHBOARD_READ])]
DashboardServiceDep = Annotated[DashboardService, Depends(dashboard_service)]
