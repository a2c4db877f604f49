"""The aliases routers use. Each is plain `Depends`: read its function to know what it does.

They are `async def` though they wait for nothing: FastAPI would run a `def` in a thread, which takes longer than all
they do.
"""

from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from ondol import Unauthorized
from ondol.auth.principal import InsufficientScope, Principal
from ondol.web.conditional import ExpectedVersions
from ondol.web.cookies import TokenCookiesDep
from ondol.web.dependencies import CacheDep, OndolDep, PaginatorDep, ReadSessionDep, SessionDep
from ondol.web.limits import RequestLimitsDep
from ondol.web.origin import OriginDep

from app.schemas.audit import Action
from app.scopes import DESCRIPTIONS, Scope
from app.services.audit import AuditService, note_denied
from app.services.auth import AuthService
from app.services.dashboard import DashboardService
from app.services.email_change import EmailChangeService
from app.services.orders import OrderService
from app.services.password_reset import PasswordResetService
from app.services.products import ProductService
from app.services.registration import RegistrationService
from app.services.sessions import SessionService, authenticate
from app.services.users import UserService
from app.settings import AppSettings, ShopSettings

__all__ = [
    "AccessToken",
    "AccountReader",
    "AccountWriter",
    "AuditReadServiceDep",
    "AuditReader",
    "AuthServiceDep",
    "BearerToken",
    "CacheDep",
    "DashboardReader",
    "DashboardServiceDep",
    "EmailChangeServiceDep",
    "ExpectedVersions",
    "OndolDep",
    "OrderReadServiceDep",
    "OrderServiceDep",
    "OrdersReader",
    "OrdersWriter",
    "OriginDep",
    "PaginatorDep",
    "PasswordResetServiceDep",
    "ProductReadServiceDep",
    "ProductServiceDep",
    "ProductsWriter",
    "ReadSessionDep",
    "RegistrationServiceDep",
    "RequestLimitsDep",
    "SessionDep",
    "SessionReadServiceDep",
    "SessionServiceDep",
    "ShopSettingsDep",
    "TokenCookiesDep",
    "UserReadServiceDep",
    "UserServiceDep",
    "UsersReader",
    "UsersWriter",
]

oauth2_scheme = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token",
    scopes={scope.value: text for scope, text in DESCRIPTIONS.items()},
    auto_error=False,  # in browser mode the token comes by a cookie
)
BearerToken = Annotated[str | None, Depends(oauth2_scheme)]


async def access_token(bearer: BearerToken, cookies: TokenCookiesDep) -> str:
    token = bearer or cookies.access_token()
    if token is None:
        raise Unauthorized
    return token


AccessToken = Annotated[str, Depends(access_token)]


async def current_user(needed: SecurityScopes, token: AccessToken, ondol: OndolDep, origin: OriginDep) -> Principal:
    """The caller. 401 without a valid token, 403 without the scopes the route declares."""
    principal = await authenticate(ondol, token)
    try:
        principal.require(needed.scopes)
    except InsufficientScope as refused:
        who = {"actor_id": principal.user_id, "session_id": principal.session_id}
        await note_denied(ondol.database, origin, Action.SCOPE_REFUSED, **who, **refused.members)
        raise
    return principal


# Every operation says with which scopes it may be called.
AccountReader = Annotated[Principal, Security(current_user, scopes=[Scope.ACCOUNT_READ])]
AccountWriter = Annotated[Principal, Security(current_user, scopes=[Scope.ACCOUNT_WRITE])]


# What follows goes feature by feature: who may, and the service. A service that writes stands on the request's
# transaction, one that only reads on a read session.


async def auth_service(session: SessionDep, ondol: OndolDep, origin: OriginDep) -> AuthService:
    return AuthService(session, ondol, origin)


AuthServiceDep = Annotated[AuthService, Depends(auth_service)]


async def session_service(session: SessionDep, ondol: OndolDep, origin: OriginDep) -> SessionService:
    return SessionService(session, ondol, origin)


async def session_read_service(session: ReadSessionDep, ondol: OndolDep, origin: OriginDep) -> SessionService:
    return SessionService(session, ondol, origin)


SessionServiceDep = Annotated[SessionService, Depends(session_service)]
SessionReadServiceDep = Annotated[SessionService, Depends(session_read_service)]


async def registration_service(session: SessionDep, ondol: OndolDep, origin: OriginDep) -> RegistrationService:
    return RegistrationService(session, ondol, origin)


RegistrationServiceDep = Annotated[RegistrationService, Depends(registration_service)]


async def password_reset_service(session: SessionDep, ondol: OndolDep, origin: OriginDep) -> PasswordResetService:
    return PasswordResetService(session, ondol, origin)


PasswordResetServiceDep = Annotated[PasswordResetService, Depends(password_reset_service)]


async def email_change_service(session: SessionDep, ondol: OndolDep, origin: OriginDep) -> EmailChangeService:
    return EmailChangeService(session, ondol, origin)


EmailChangeServiceDep = Annotated[EmailChangeService, Depends(email_change_service)]


async def audit_read_service(session: ReadSessionDep, origin: OriginDep) -> AuditService:
    return AuditService(session, origin)


AuditReader = Annotated[Principal, Security(current_user, scopes=[Scope.AUDIT_READ])]
AuditReadServiceDep = Annotated[AuditService, Depends(audit_read_service)]


async def user_service(session: SessionDep, ondol: OndolDep, origin: OriginDep) -> UserService:
    return UserService(session, ondol, origin)


async def user_read_service(session: ReadSessionDep, ondol: OndolDep, origin: OriginDep) -> UserService:
    return UserService(session, ondol, origin)


UsersReader = Annotated[Principal, Security(current_user, scopes=[Scope.USERS_READ])]
UsersWriter = Annotated[Principal, Security(current_user, scopes=[Scope.USERS_WRITE])]
UserServiceDep = Annotated[UserService, Depends(user_service)]
UserReadServiceDep = Annotated[UserService, Depends(user_read_service)]


async def shop_settings(ondol: OndolDep) -> ShopSettings:
    settings = ondol.settings
    assert isinstance(settings, AppSettings)
    return settings.shop


ShopSettingsDep = Annotated[ShopSettings, Depends(shop_settings)]


async def product_service(session: SessionDep, cache: CacheDep, shop: ShopSettingsDep) -> ProductService:
    return ProductService(session, cache, cache_seconds=shop.product_cache_seconds)


async def product_read_service(session: ReadSessionDep, cache: CacheDep, shop: ShopSettingsDep) -> ProductService:
    return ProductService(session, cache, cache_seconds=shop.product_cache_seconds)


ProductsWriter = Annotated[Principal, Security(current_user, scopes=[Scope.PRODUCTS_WRITE])]
ProductServiceDep = Annotated[ProductService, Depends(product_service)]
ProductReadServiceDep = Annotated[ProductService, Depends(product_read_service)]


async def order_service(session: SessionDep, cache: CacheDep) -> OrderService:
    return OrderService(session, cache)


async def order_read_service(session: ReadSessionDep, cache: CacheDep) -> OrderService:
    return OrderService(session, cache)


OrdersReader = Annotated[Principal, Security(current_user, scopes=[Scope.ORDERS_READ])]
OrdersWriter = Annotated[Principal, Security(current_user, scopes=[Scope.ORDERS_WRITE])]
OrderServiceDep = Annotated[OrderService, Depends(order_service)]
OrderReadServiceDep = Annotated[OrderService, Depends(order_read_service)]


async def dashboard_service(session: ReadSessionDep, cache: CacheDep, shop: ShopSettingsDep) -> DashboardService:
    return DashboardService(session, cache, shop)


DashboardReader = Annotated[Principal, Security(current_user, scopes=[Scope.DASHBOARD_READ])]
DashboardServiceDep = Annotated[DashboardService, Depends(dashboard_service)]
