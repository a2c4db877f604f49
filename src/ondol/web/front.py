"""The front: one middleware for every request, as plain ASGI, so that contextvars reach the logs.

It gives a request its id and its line in the access log, refuses foreign hosts, enforces the timeout, turns every error
into a problem, and adds the headers of all responses. Only the requests that need them pass the middlewares for HEAD,
gzip, CORS and the body limit.
"""

import re
import time
from collections.abc import Mapping

import structlog
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ondol.errors import BadRequest, Problem
from ondol.networks import UNIX, with_mapped
from ondol.observability.errors import ErrorHook
from ondol.observability.logging import log_access
from ondol.observability.tracing import note_request
from ondol.server.drain import Drain
from ondol.server.options import HttpSettings
from ondol.web.exchange import Exchange, RequestObserver, Rules
from ondol.web.headers import REQUEST_ID, SECURITY_HEADERS, accepted_languages
from ondol.web.hosts import ASKED_BY_ADDRESS, allows
from ondol.web.layers import Layers
from ondol.web.problems import ErrorBodies, ProblemDetails

_WELL_FORMED_ID = re.compile(rb"[A-Za-z0-9._-]{8,128}")


class UnsupportedCoding(Problem):
    status = 415
    title = "Unsupported Media Type"
    code = "unsupported_content_coding"
    detail = "Send the body as it is, without Content-Encoding."


class InvalidHost(BadRequest):
    code = "invalid_host"
    detail = "Send one Host header, with a name of this service."


class Front:
    """The middleware. `app.add_middleware(Front, http=HttpSettings(timeout_seconds=5))` is enough.

    `api`: the application with the routes, to find which serve HEAD. `headers`: defaults for responses that do not set
    them. `credentials`: other origins may send cookies. `on_error` is called with unexpected errors.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        api: FastAPI | None = None,
        http: HttpSettings | None = None,
        headers: Mapping[str, str] = SECURITY_HEADERS,
        credentials: bool = False,
        drain: Drain | None = None,
        metrics: RequestObserver | None = None,
        on_error: ErrorHook | None = None,
        bodies: ErrorBodies | None = None,
    ) -> None:
        self.app = app
        http = http or HttpSettings()
        self._layers = Layers(http, api=api, credentials=credentials)
        self._rules = Rules(
            headers=[(name.lower().encode(), value.encode()) for name, value in headers.items()],
            timeout_seconds=http.timeout_seconds,
            varies_by_origin=bool(http.cors_origins),
            around=self._layers.within,
            drain=drain or Drain(0),
            metrics=metrics,
            on_error=on_error,
            respond=(bodies or ErrorBodies()).respond,
        )
        self._allows_host = allows(http.allowed_hosts)
        trusted = [*with_mapped(http.trusted_proxies)]
        # It reads X-Forwarded-For from the right, and replaces the proxy's address by the client's.
        self._proxied = ProxyHeadersMiddleware(self._serve, trusted) if trusted else None  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope.get("client") is None:
            scope["client"] = (UNIX, 0)
        if self._proxied is not None:
            await self._proxied(scope, receive, send)  # type: ignore[arg-type]
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given.decode() if _WELL_FORMED_ID.fullmatch(given) else uuid7().hex
        note_request(request_id, has_query=bool(scope.get("query_string")))
        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            refusal = self._refusal(scope, headers)
            app = self._rules.respond(refusal, accepted_languages(headers)) if refusal else self.app
            if scope["type"] == "http":
                app = app if refusal else self._layers.limited(app, scope, headers)
                exchange = Exchange(self._rules, app, scope["method"], headers, request_id)
                await self._layers.outside(exchange.serve, scope, headers)(scope, receive, send)
            else:
                await _shake_hands(app, scope, receive, send, request_id)
        finally:
            structlog.contextvars.reset_contextvars(**bound)

    def _refusal(self, scope: Scope, headers: Mapping[bytes, bytes]) -> ProblemDetails | None:
        """Return the problem of a request that must not reach the application.

        Its Host is not allowed or missing, or there are several, and a proxy in front may have used another one (RFC
        9112, section 3.2). Or its body is compressed: a few bytes could expand to gigabytes (RFC 9110, section
        15.5.16).
        """
        host = headers.get(b"host")
        hosts = [name for name, _ in scope["headers"]].count(b"host")
        if hosts > 1 or (not hosts and scope["http_version"] == "1.1"):
            return ProblemDetails.of(InvalidHost(headers={"Connection": "close"}))
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        is_asked_by_address = scope["type"] == "http" and path in ASKED_BY_ADDRESS
        if not is_asked_by_address and not self._allows_host(host or b""):
            return ProblemDetails.of(InvalidHost())
        if b"content-encoding" in headers:
            codings = [value.strip().lower() for name, value in scope["headers"] if name == b"content-encoding"]
            if any(coding not in (b"identity", b"") for coding in codings):
                return ProblemDetails.of(UnsupportedCoding(headers={"Accept-Encoding": "identity"}))
        return None


async def _shake_hands(app: ASGIApp, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
    """Run a WebSocket, and log its handshake in the access log: status 101, or that of the refusal."""
    started, status = time.perf_counter(), 0

    async def send_with_id(message: Message) -> None:
        nonlocal status
        if not status and (status := _handshake_status(message)):
            if message["type"] != "websocket.close":
                message.setdefault("headers", [])
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            log_access(scope, "GET", status, time.perf_counter() - started)
        await send(message)

    try:
        await app(scope, receive, send_with_id)
    finally:
        if not status:
            log_access(scope, "GET", status, time.perf_counter() - started)


def _handshake_status(message: Message) -> int:
    """Return the status of a message that responds to a handshake; 0 for other messages."""
    match message["type"]:
        case "websocket.http.response.start":
            return int(message["status"])
        case "websocket.accept":
            return 101
        case "websocket.close":
            return 403
    return 0
