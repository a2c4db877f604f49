"""Browser mode (AUTH__COOKIES): tokens in cookies that scripts cannot read, with protection against CSRF.

Browsers send cookies with every request, even if another site's page makes it. So in browser mode a request that may
change something must carry a header that other origins cannot send without CORS, and its Origin must be allowed (OWASP
Cross-Site Request Forgery Prevention Cheat Sheet, custom request headers; ASVS 5.0, 3.5.1).
"""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response

from ondol.auth.devices import LIFETIME_SECONDS
from ondol.auth.tokens import TokenPair
from ondol.errors import BadRequest, Forbidden
from ondol.settings import Settings
from ondol.web.dependencies import runtime_of
from ondol.web.headers import CSRF_HEADER

# With this prefix browsers require Secure, Path=/ and the exact host (RFC 6265bis, section 4.1.3).
ACCESS, REFRESH, DEVICE = "__Host-access", "__Host-refresh", "__Host-device"
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class ForgedRequest(Forbidden):
    code = "forged_request"
    detail = f"In browser mode this request needs the header {CSRF_HEADER} and an allowed Origin."


class AmbiguousCookie(BadRequest):
    code = "ambiguous_cookie"
    detail = "A cookie was sent twice. Delete the cookies of this site and log in again."


class TokenCookies:
    """The cookies of one request and its response. Without browser mode only the device's cookie is used."""

    def __init__(self, request: Request, response: Response, settings: Settings) -> None:
        self._request, self._response = request, response
        self._auth, self._origins = settings.auth, settings.http.cors_origins

    def access_token(self) -> str | None:
        """Return the access token, in browser mode. Raises ForgedRequest, AmbiguousCookie."""
        return self._read(ACCESS)

    def refresh_token(self) -> str | None:
        """Return the refresh token, in browser mode. Raises ForgedRequest, AmbiguousCookie."""
        return self._read(REFRESH)

    @property
    def device_token(self) -> str:
        """The device token. It only shows that this device has logged in before, so it is used in both modes."""
        return self._cookie(DEVICE) or ""

    def deliver(self, pair: TokenPair) -> TokenPair:
        """Return the tokens for the response body. In browser mode, set them as cookies and return empty ones."""
        if not self._auth.cookies:
            return pair
        self._set(ACCESS, pair.access_token, pair.expires_in)
        self._set(REFRESH, pair.refresh_token, self._auth.session_seconds)
        return pair.model_copy(update={"access_token": "", "refresh_token": ""})

    def remember_device(self, token: str) -> None:
        """Set the cookie with a device token from `ondol.auth.devices`."""
        self._set(DEVICE, token, LIFETIME_SECONDS)

    def clear(self) -> None:
        """Delete the cookies with tokens, but not the device's."""
        if self._auth.cookies:
            self._set(ACCESS, "", 0)
            self._set(REFRESH, "", 0)

    def _read(self, name: str) -> str | None:
        token = self._cookie(name) if self._auth.cookies else None
        if token:
            self.refuse_forgery()
        return token or None

    def _cookie(self, name: str) -> str | None:
        """Return the value of the cookie of exactly this name. Raises AmbiguousCookie.

        Starlette strips all Unicode white space from names, browsers only spaces and tabs (RFC 6265, section 5.2), so
        a page of a subdomain can set "\\xa0__Host-access" without the guarantees of the prefix.
        """
        pairs = [
            pair.partition("=") for header in self._request.headers.getlist("Cookie") for pair in header.split(";")
        ]
        values = [value.strip(" \t") for found, _, value in pairs if found.strip(" \t") == name]
        if len(values) > 1:
            raise AmbiguousCookie
        return values[0] if values else None

    def _set(self, name: str, value: str, seconds: int) -> None:
        self._response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="strict")

    def refuse_forgery(self) -> None:
        """Raise ForgedRequest, in browser mode, if another site may have sent the request. Reading a token from a
        cookie calls this. The login, which has no cookie yet, must call it too, to prevent login CSRF."""
        request = self._request
        if not self._auth.cookies or request.method in _SAFE_METHODS:
            return
        if CSRF_HEADER not in request.headers or not self._is_ours(request.headers.get("Origin")):
            raise ForgedRequest

    def _is_ours(self, origin: str | None) -> bool:
        if origin is None or origin in self._origins:
            return True
        try:
            return urlsplit(origin).netloc == self._request.headers.get("Host")
        except ValueError:
            return False


async def get_token_cookies(request: Request, response: Response) -> TokenCookies:
    """Return the cookies of a request and its response."""
    return TokenCookies(request, response, runtime_of(request).settings)


TokenCookiesDep = Annotated[TokenCookies, Depends(get_token_cookies)]


async def refuse_forgery(cookies: TokenCookiesDep) -> None:
    """Refuse forged requests in browser mode, for `dependencies=[Depends(refuse_forgery)]`. Raises ForgedRequest."""
    cookies.refuse_forgery()
