"""Middleware that only some requests need: HEAD, gzip, CORS, the body limit."""

from collections.abc import Mapping

from fastapi import FastAPI
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Scope

from ondol.server.options import HttpSettings
from ondol.web.headers import CORS_ALLOWED_HEADERS, CORS_EXPOSED_HEADERS, accepts_gzip
from ondol.web.routes import HeadMiddleware


class Layers:
    """Wrap applications in middleware. `api`: its routes tell which serve HEAD. `credentials`: CORS with cookies."""

    def __init__(self, http: HttpSettings, *, api: FastAPI | None, credentials: bool) -> None:
        self._http, self._api, self._credentials = http, api, credentials

    def outside(self, app: ASGIApp, scope: Scope, headers: Mapping[bytes, bytes]) -> ASGIApp:
        """Wrap the exchange in the middleware that this request needs outside it."""
        if accepts_gzip(headers):
            app = GZipMiddleware(app, minimum_size=self._http.gzip_minimum_bytes)
        if scope["method"] == "HEAD" and self._api is not None:
            app = HeadMiddleware(app, api=self._api)
        return app

    def limited(self, app: ASGIApp, scope: Scope, headers: Mapping[bytes, bytes]) -> ASGIApp:
        """Wrap the application in the body limit, if the request may have a body."""
        has_length = headers.get(b"content-length", b"0") != b"0"
        if has_length or b"transfer-encoding" in headers or not scope["http_version"].startswith("1"):
            return RequestBodyLimitMiddleware(app, self._http.max_body_bytes)  # a route may have its own
        return app

    def within(self, app: ASGIApp, headers: Mapping[bytes, bytes]) -> ASGIApp:
        """Wrap the application, or an error's response, in the middleware between it and the exchange."""
        if b"origin" in headers:
            app = CORSMiddleware(
                app,
                allow_origins=self._http.cors_origins,
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=[*CORS_ALLOWED_HEADERS, *self._http.cors_allow_headers],
                expose_headers=[*CORS_EXPOSED_HEADERS, *self._http.cors_expose_headers],
                allow_credentials=self._credentials,
                max_age=600,
            )
        return app
