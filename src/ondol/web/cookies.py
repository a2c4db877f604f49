"""Browser mode (AUTH__COOKIES): tokens in cookies that no script can read, and the defence that cookies need.

Cookies go out with every request a page makes, also with those a foreign page makes. So in browser mode a request
that may change something must carry a header that a foreign page cannot send without asking (CORS), and its Origin
must be ours (OWASP Cross-Site Request Forgery Prevention Cheat Sheet, custom request headers; ASVS 5.0, 3.5.1).
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

# The prefix has browsers insist on Secure, on Path=/ and on the very host (RFC 6265bis, section 4.1.3).
ACCESS, REFRESH, DEVICE = "__Host-access", "__Host-refresh", "__Host-device"
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class ForgedRequest(Forbidden):
    code = "forged_request"
    detail = f"In browser mode this request needs the header {CSRF_HEADER} and an allowed Origin."


class AmbiguousCookie(BadRequest):
    code = "ambiguous_cookie"
    detail = "A cookie was sent twice. Delete the cookies of this site and log in again."


class TokenCookies:
    """The cookies of one request and its answer. While browser mode is off there are none but the device's."""

    def __init__(self, request: Request, response: Response, settings: Settings) -> None:
        self._request, self._response = request, response
        self._auth, self._origins = settings.auth, settings.http.cors_origins

    def access_token(self) -> str | None:
        return self._read(ACCESS)

    def refresh_token(self) -> str | None:
        return self._read(REFRESH)

    @property
    def device_token(self) -> str:
        """Says only that this device logged in before, so it is in use with and without browser mode."""
        return self._cookie(DEVICE) or ""

    def deliver(self, pair: TokenPair) -> TokenPair:
        """What the body of the answer holds: the tokens, or in browser mode, where they go into cookies, none."""
        if not self._auth.cookies:
            return pair
        self._set(ACCESS, pair.access_token, pair.expires_in)
        self._set(REFRESH, pair.refresh_token, self._auth.session_seconds)
        return pair.model_copy(update={"access_token": "", "refresh_token": ""})

    def remember_device(self, token: str) -> None:
        """Have the browser keep a device token, which `ondol.auth.devices` made."""
        self._set(DEVICE, token, LIFETIME_SECONDS)

    def clear(self) -> None:
        """Forgets the tokens, not the device."""
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

        Starlette strips all white space of Unicode from names, browsers only spaces and tabs (RFC 6265, section 5.2):
        a page of a subdomain may set "\\xa0__Host-access" without the guarantees of the prefix.
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
        """Raises ForgedRequest for what a foreign page may have sent, in browser mode. Reading a token from a cookie
        does it too; where one logs in there is none yet, and also who logs in must mean to."""
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
    return TokenCookies(request, response, runtime_of(request).settings)


TokenCookiesDep = Annotated[TokenCookies, Depends(get_token_cookies)]


async def refuse_forgery(cookies: TokenCookiesDep) -> None:
    """For `dependencies=[Depends(refuse_forgery)]`: raises ForgedRequest in browser mode."""
    cookies.refuse_forgery()
