"""Rate limits as a dependency, and their headers (draft-ietf-httpapi-ratelimit-headers-10; RFC 6585, section 4)."""

import hashlib
import ipaddress
import math
from collections.abc import Iterable
from typing import Annotated, Literal

import structlog
from fastapi import Depends
from fastapi.requests import HTTPConnection
from fastapi.security.utils import get_authorization_scheme_param
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ondol.errors import TooManyRequests, Unauthorized
from ondol.rate_limits.limiter import Limit, RateLimiter, Standing
from ondol.rate_limits.rate import Rate, parse_rate
from ondol.runtime import Ondol
from ondol.setting_groups import LimitsSettings
from ondol.web.cookies import TokenCookiesDep
from ondol.web.dependencies import OndolDep
from ondol.web.origin import OriginDep

Counted = Literal["api", "login", "register", "reset", "refresh"]
_STANDINGS = "ondol.rate_limits"
# Of whom the account is is known: of others', how often they are asked for is nobody's business.
_ONES_OWN = {"api", "refresh"}

log = structlog.stdlib.get_logger("ondol.limits")


class RequestLimits:
    """The limits that the request under way is counted by."""

    def __init__(self, limiter: RateLimiter, settings: LimitsSettings, address: str, standings: list[Standing]) -> None:
        self._limiter, self._settings, self._address = limiter, settings, address
        self._standings = standings

    async def count(self, what: Counted, *, account: str | None = None, device: str | None = None) -> None:
        """Counts one more, by the client's address and by `account` if there is one; those of a known `device` of the
        account apart. Raises TooManyRequests."""
        # The address first: one that is over its limit must not use up the accounts it tries.
        if rate := self._rate(f"{what}_address"):
            address = Limit(f"{what}-address", _network(self._address), rate)
            self._standings.append(await self._count(address))
        if account is not None:
            await self.count_account(what, account, device)

    async def count_account(self, what: Counted, account: str, device: str | None = None) -> None:
        """The same by the account alone, where it is known only later."""
        if limit := self._of_account(what, account, device):
            standing = await self._count(limit)
            if what in _ONES_OWN:
                self._standings.append(standing)

    async def give_back(self, what: Counted, *, account: str, device: str | None = None) -> None:
        """Takes this request out of the account's count: whoever it was turned out to be its owner."""
        if limit := self._of_account(what, account, device):
            await self._limiter.give_back(limit)

    async def _count(self, limit: Limit) -> Standing:
        standing = await self._limiter.count(limit)
        if standing.is_exceeded:
            log.warning("rate_limited", limit=limit.name, address=self._address)
            seconds = math.ceil(standing.reset_seconds)
            raise TooManyRequests(headers={"Retry-After": str(max(seconds, 1))})
        return standing

    def _of_account(self, what: Counted, account: str, device: str | None) -> Limit | None:
        rate = self._rate(f"{what}_account")
        if rate is None:
            return None
        # Hashed: whoever reads Valkey need not learn who has tried to log in.
        key = hashlib.sha256(f"{account}\0{device or ''}".encode(errors="replace")).hexdigest()
        return Limit(f"{what}-account", key, rate)

    def _rate(self, name: str) -> Rate | None:
        """Return the rate that a setting names; None for no limit."""
        text = getattr(self._settings, name)
        return parse_rate(text) if text else None


async def get_request_limits(connection: HTTPConnection, ondol: OndolDep, origin: OriginDep) -> RequestLimits:
    standings = connection.scope.setdefault(_STANDINGS, [])
    return RequestLimits(ondol.rate_limiter, ondol.settings.limits, origin.address, standings)


RequestLimitsDep = Annotated[RequestLimits, Depends(get_request_limits)]


async def limit_api(
    connection: HTTPConnection, limits: RequestLimitsDep, cookies: TokenCookiesDep, ondol: OndolDep
) -> None:
    """For `APIRouter(dependencies=[Depends(limit_api)])`: counts every request, by address and by the account whose
    token it carries, if that is good. Does nothing unless LIMITS__API_ADDRESS or LIMITS__API_ACCOUNT is set."""
    settings = ondol.settings.limits
    if settings.api_address is None and settings.api_account is None:
        return
    scheme, bearer = get_authorization_scheme_param(connection.headers.get("Authorization"))
    token = bearer if scheme.lower() == "bearer" else cookies.access_token()
    await limits.count("api", account=_account(ondol, token) if token else None)


def _account(ondol: Ondol, token: str) -> str | None:
    try:
        return str(ondol.tokens.verify(token).user_id)
    except Unauthorized:
        return None  # the route says so, if it asks for a caller at all


class RateLimitHeadersMiddleware:
    """Tells on every answer how the limits stand that its request was counted by."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and (standings := scope.get(_STANDINGS)):
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"] = _listed(
                    f'"{standing.limit.name}";q={standing.limit.rate.count};w={standing.limit.rate.seconds}'
                    for standing in standings
                )
                headers["RateLimit"] = _listed(
                    f'"{standing.limit.name}";r={standing.remaining};t={math.ceil(standing.reset_seconds)}'
                    for standing in standings
                )
            await send(message)

        if scope["type"] == "http":
            scope.setdefault(_STANDINGS, [])
        await self.app(scope, receive, send_with_headers)


def _listed(items: Iterable[str]) -> str:
    return ", ".join(items)


def _network(address: str) -> str:
    """An IPv6 client has a /64 of its own and would else have 2⁶⁴ addresses."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)
