"""Middleware as plain ASGI: no task and no buffer of its own for a request, and contextvars reach the logs."""

import asyncio
import re
import time
from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from ondol.db.deadline import request_deadline
from ondol.errors import Problem, Unavailable, code_for
from ondol.observability.errors import ErrorHook
from ondol.observability.tracing import note_request
from ondol.web.problems import Answer, ProblemDetails, problem_json

REQUEST_ID = "X-Request-ID"
_WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")

access_log = structlog.stdlib.get_logger("ondol.access")
log = structlog.stdlib.get_logger("ondol")

SECURITY_HEADERS = {
    # OWASP Secure Headers Project, for an API: nothing may be framed, sniffed or kept. What default-src does not stand
    # for is named (ASVS 5.0, 3.4.3).
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# Only where there is TLS in front: a year without plain HTTP (RFC 6797; ASVS 5.0, 3.4.1).
PRODUCTION_HEADERS = {**SECURITY_HEADERS, "Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


MAX_PLAIN_ERROR_BYTES = 8_192
_OF_THE_BODY = {b"content-type", b"content-length"}


class TimedOut(Unavailable):
    code = "timed_out"
    detail = "This took too long and was stopped."


class UnsupportedCoding(Problem):
    status = 415
    title = "Unsupported Media Type"
    code = "unsupported_content_coding"
    detail = "Send the body as it is, without Content-Encoding."


class RequestContextMiddleware:
    """Gives every request an id (the client's, if it is well-formed) and one line in the access log.

    A WebSocket's line is that of its handshake: 101, or how it was refused.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _WELL_FORMED_ID.fullmatch(given) else uuid7().hex
        started, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            answered = _status_of(message) if not status else None
            if answered is not None:
                status = answered
                if message["type"] != "websocket.close":
                    message.setdefault("headers", [])
                    MutableHeaders(scope=message)[REQUEST_ID] = request_id
                if scope["type"] == "websocket":
                    _log_access(scope, status, started)
            await send(message)

        note_request(request_id, has_query=bool(scope.get("query_string")))
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            finally:
                if scope["type"] == "http" or not status:
                    _log_access(scope, status, started)


def _status_of(message: Message) -> int | None:
    """Return the status that a message answers a request or a handshake with."""
    match message["type"]:
        case "http.response.start" | "websocket.http.response.start":
            return int(message["status"])
        case "websocket.accept":
            return 101
        case "websocket.close":
            return 403
    return None


def _log_access(scope: Scope, status: int, started: float) -> None:
    client = scope.get("client")
    access_log.info(
        "request",
        method=scope.get("method", "GET"),
        path=scope["path"],  # not the query: it may hold what should not be in a log
        status=status,
        duration_ms=round((time.perf_counter() - started) * 1000, 2),
        client=client[0] if client else None,
    )


class SecurityHeadersMiddleware:
    """Adds headers that an answer does not set itself."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str] = SECURITY_HEADERS) -> None:
        self.app = app
        self._headers = dict(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class ContentCodingMiddleware:
    """Refuses compressed request bodies: whoever unpacks them lets a few bytes become gigabytes (RFC 9110, 15.5.16)."""

    def __init__(self, app: ASGIApp, answer: Answer = problem_json) -> None:
        self.app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            coding = Headers(scope=scope).get("Content-Encoding", "identity")
            if coding.strip().lower() not in ("identity", ""):
                refused = ProblemDetails.of(UnsupportedCoding(headers={"Accept-Encoding": "identity"}))
                await self._answer(refused)(scope, receive, send)
                return
        await self.app(scope, receive, send)


class PlainErrorsMiddleware:
    """Turns the plain-text errors of other middleware (body limit, trusted hosts, CORS) into problems.

    A text longer than MAX_PLAIN_ERROR_BYTES, or a compressed one, is passed on as it is.
    """

    def __init__(self, app: ASGIApp, answer: Answer = problem_json) -> None:
        self.app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        text = b""

        async def send_problem(message: Message) -> None:
            nonlocal start, text
            if message["type"] == "http.response.start" and _is_plain_error(message):
                start = message
                return
            if start is None:
                await send(message)
                return
            text += message.get("body", b"")
            if len(text) > MAX_PLAIN_ERROR_BYTES:
                begun, start = start, None
                await send(begun)
                await send({**message, "body": text})
            elif not message.get("more_body", False):
                begun, start = start, None
                await self._problem_from(begun, text)(scope, receive, send)

        await self.app(scope, receive, send_problem)

    def _problem_from(self, start: Message, text: bytes) -> Response:
        status = start["status"]
        answer = self._answer(ProblemDetails(status, code_for(status), text.decode(errors="replace")))
        answer.raw_headers += [(name, value) for name, value in start["headers"] if name.lower() not in _OF_THE_BODY]
        return answer


def _is_plain_error(start: Message) -> bool:
    headers = Headers(scope=start)
    is_text = headers.get("Content-Type", "").startswith("text/plain")
    return start["status"] >= 400 and is_text and "Content-Encoding" not in headers


def _is_disconnect(error: BaseException) -> bool:
    """Whether the client went away while its body was read, also as a task group tells it."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_disconnect(part) for part in error.exceptions)
    return isinstance(error, ClientDisconnect)


class LastResortMiddleware:
    """Cuts requests that take too long (503), and answers what nobody foresaw (500) without a trace.

    The clock stops with the first byte of the answer, and when a transaction begins to commit: what is told to the
    client is then what happened.
    """

    def __init__(
        self,
        app: ASGIApp,
        timeout_seconds: float,
        on_error: ErrorHook | None = None,
        answer: Answer = problem_json,
    ) -> None:
        self.app = app
        self._answer = answer
        self._timeout_seconds = timeout_seconds
        self._on_error = on_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answered = False

        async def send_and_note(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                if not deadline.expired():
                    deadline.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self._timeout_seconds) as deadline:
                before = request_deadline.set(deadline)
                try:
                    await self.app(scope, receive, send_and_note)
                finally:
                    request_deadline.reset(before)
        except Exception as error:
            if _is_disconnect(error):
                return  # nobody waits for an answer
            if isinstance(error, TimeoutError) and deadline.expired():
                log.warning("request_timed_out", after_seconds=self._timeout_seconds)
                # Closed, for its body may still be on its way.
                problem = ProblemDetails.of(TimedOut(headers={"Connection": "close"}))
            else:
                log.exception("unhandled_error")
                if self._on_error is not None:
                    self._on_error(error, {"method": scope["method"], "path": scope["path"]})
                detail = "Something went wrong on our side; it has been recorded."
                problem = ProblemDetails(500, "internal_error", detail)
            if answered:
                raise  # the answer has begun: all that is left is to break the connection
            await self._answer(problem)(scope, receive, send)
