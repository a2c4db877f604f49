"""One request and its response in the front middleware."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ondol.db.commit import OutcomeUnknown
from ondol.db.deadline import request_deadline
from ondol.errors import Problem, TimedOut
from ondol.observability.errors import ErrorHook
from ondol.observability.logging import log_access
from ondol.rate_limits.standing import STANDINGS, Standing
from ondol.server.drain import Drain, Stopped
from ondol.web.conditional import is_known
from ondol.web.headers import REQUEST_ID, accepted_languages, accepts_gzip
from ondol.web.limits import rate_limit_headers
from ondol.web.problems import ProblemDetails

MAX_PLAIN_ERROR_BYTES = 8_192
_OF_THE_BODY = {b"content-type", b"content-length"}
_ID = REQUEST_ID.lower().encode()
_CLOSE = {"Connection": "close"}
_IF_NONE_MATCH = b"if-none-match"
_VARIES = (b"vary", b"Accept-Encoding")

log = structlog.stdlib.get_logger("ondol")


class RequestObserver(Protocol):
    """An object that is called at the start and end of every request."""

    def begin(self) -> None: ...

    def end(self, scope: Scope, method: str, status: int, seconds: float, request_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules for every exchange. `around` wraps an application in the middleware that a request's headers need."""

    headers: Sequence[tuple[bytes, bytes]]
    timeout_seconds: float
    varies_by_origin: bool
    around: Callable[[ASGIApp, Mapping[bytes, bytes]], ASGIApp]
    drain: Drain
    metrics: RequestObserver | None
    on_error: ErrorHook | None
    respond: Callable[[ProblemDetails, str], Response]


class Exchange:
    __slots__ = (
        *("_app", "_deadline", "_has_body", "_has_ended", "_is_known", "_is_stream", "_method", "_plain", "_receive"),
        *("_request_headers", "_request_id", "_rules", "_scope", "_send", "_standings", "_status", "_text"),
    )

    def __init__(
        self, rules: Rules, app: ASGIApp, method: str, headers: Mapping[bytes, bytes], request_id: str
    ) -> None:
        self._rules, self._app, self._method = rules, app, method
        self._request_headers, self._request_id = headers, request_id
        self._standings: list[Standing] = []
        self._has_body = self._is_stream = self._has_ended = self._is_known = False
        self._plain: Message | None = None
        self._text = b""
        self._deadline: asyncio.Timeout | None = None
        self._status = 0  # of the response, once it has started

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the application, turn errors into problems, and log one line."""
        self._scope, self._receive, self._send = scope, receive, send
        started = time.perf_counter()
        metrics = self._rules.metrics
        if metrics is not None:
            metrics.begin()
        standings = STANDINGS.set(self._standings)
        try:
            await self._within_deadline()
            if self._is_stream and not self._has_ended and self._rules.drain.has_begun:
                await self._send({"type": "http.response.body"})
        finally:
            STANDINGS.reset(standings)
            seconds = time.perf_counter() - started
            log_access(self._scope, self._method, self._status, seconds)
            if metrics is not None:
                metrics.end(self._scope, self._method, self._status, seconds, self._request_id)

    async def _within_deadline(self) -> None:
        """Run the application within the deadline. It ends with the first byte of the response, or when a transaction
        starts to commit, so that the client never gets a timeout for a committed write."""
        try:
            async with asyncio.timeout(self._rules.timeout_seconds) as self._deadline:
                before = request_deadline.set(self._deadline)
                try:
                    await self._pass(self._app)
                finally:
                    request_deadline.reset(before)
        except asyncio.CancelledError:
            if self._status or not self._rules.drain.has_begun:
                raise
            log.warning("request_cut", reason="the grace of the shutdown has ended")
            await self._pass(self._respond(ProblemDetails.of(self._cut())))
        except Exception as error:
            if _is_disconnect(error):
                return  # the client has gone
            problem = self._problem_of(error)
            if self._status:
                raise  # the response has started, so the server can only close the connection
            self._plain, self._text = None, b""
            await self._pass(self._respond(problem))

    async def _pass(self, app: ASGIApp) -> None:
        await self._rules.around(app, self._request_headers)(self._scope, self._receive_or_leave, self._answer)

    def _cut(self) -> Problem:
        """Return the problem of a request that the server cancels. If its deadline was lifted, it may be committed."""
        deadline, self._deadline = self._deadline, None
        is_lifted = deadline is not None and deadline.when() is None
        return OutcomeUnknown(headers=_CLOSE) if is_lifted else TimedOut(headers=_CLOSE)

    def _problem_of(self, error: Exception) -> ProblemDetails:
        deadline, self._deadline = self._deadline, None
        if isinstance(error, TimeoutError) and deadline is not None and deadline.expired():
            log.warning("request_timed_out", after_seconds=self._rules.timeout_seconds)
            # The connection closes, because the body may still be arriving.
            return ProblemDetails.of(TimedOut(headers=_CLOSE))
        log.exception("unhandled_error")
        if self._rules.on_error is not None:
            self._rules.on_error(error, {"method": self._method, "path": self._scope["path"]})
        return ProblemDetails.of(Problem())

    def _respond(self, problem: ProblemDetails) -> Response:
        return self._rules.respond(problem, accepted_languages(self._request_headers))

    async def _answer(self, message: Message) -> None:
        """Send a message of the application, which passes this `send` only."""
        if message["type"] == "http.response.start":
            if message["status"] >= 400 and _is_plain_error(message):
                self._plain = message
                return
        elif self._plain is not None:
            await self._answer_plain(self._plain, message)
            return
        await self._answer_as_it_is(message)

    async def _answer_as_it_is(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begin(message)
        else:
            self._has_ended = not message.get("more_body", False)
            if self._is_known:
                message["body"] = b""
        await self._send(message)

    def _begin(self, message: Message) -> None:
        if self._method in ("GET", "HEAD") and _IF_NONE_MATCH in self._request_headers and message["status"] == 200:
            self._answer_with_304(message)
        self._status = message["status"]
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(None)
        headers = list(message.get("headers", ()))
        present = dict(headers)
        self._is_stream = present.get(b"content-type", b"").startswith(b"text/event-stream")
        headers += [pair for pair in self._rules.headers if pair[0] not in present]
        if _ID in present:
            headers = [pair for pair in headers if pair[0] != _ID]
        headers.append((_ID, self._request_id.encode()))
        if self._is_known or not accepts_gzip(self._request_headers):
            headers.append(_VARIES)  # in all other cases GZipMiddleware sets it
        if self._rules.varies_by_origin and b"origin" not in self._request_headers:
            headers.append((b"vary", b"Origin"))  # with an Origin, CORSMiddleware sets it
        if self._standings:
            headers = [pair for pair in headers if not pair[0].startswith(b"ratelimit")]
            headers += rate_limit_headers(self._standings)
        if self._rules.drain.has_begun:  # so that no connection is open when the listener closes
            headers = [pair for pair in headers if pair[0] != b"connection"]
            headers.append((b"connection", b"close"))
        message["headers"] = headers

    def _answer_with_304(self, message: Message) -> None:
        """Turn the response into a 304 if the client already has it (RFC 9110, section 13.1.2)."""
        headers = Headers(scope=message)
        known = ", ".join(Headers(scope=self._scope).getlist("If-None-Match"))
        if is_known(known, headers.get("ETag", "")):
            self._is_known, message["status"] = True, 304
            message["headers"] = [pair for pair in headers.raw if pair[0] not in _OF_THE_BODY]

    async def _answer_plain(self, start: Message, message: Message) -> None:
        """Turn plain-text errors of other middleware (body limit, CORS, the project's own) into problems.

        Text longer than MAX_PLAIN_ERROR_BYTES is sent unchanged.
        """
        self._text += message.get("body", b"")
        if len(self._text) > MAX_PLAIN_ERROR_BYTES:
            self._plain = None
            await self._answer_as_it_is(start)
            await self._answer_as_it_is({**message, "body": self._text})
        elif not message.get("more_body", False):
            self._plain = None
            status = start["status"]
            answer = self._respond(ProblemDetails.of_status(status, self._text.decode(errors="replace")))
            answer.raw_headers += [pair for pair in start["headers"] if pair[0].lower() not in _OF_THE_BODY]
            await answer(self._scope, self._receive, self._answer_as_it_is)

    async def _receive_or_leave(self) -> Message:
        """Receive a message. Once the drain has begun, end event streams: clients reconnect to another process."""
        if not self._has_body:
            message = await self._receive()
            self._has_body = message["type"] == "http.request" and not message.get("more_body", False)
            return message
        # Only a streamed response waits here, to notice that its client has gone.
        try:
            return await self._rules.drain.unless_begun(self._receive())
        except Stopped:
            return {"type": "http.disconnect"} if self._is_stream else await self._receive()


def _is_plain_error(start: Message) -> bool:
    headers = Headers(scope=start)
    return headers.get("Content-Type", "").startswith("text/plain") and "Content-Encoding" not in headers


def _is_disconnect(error: BaseException) -> bool:
    """Return whether the client left while its body was read, also if a task group wraps the error."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_disconnect(part) for part in error.exceptions)
    return isinstance(error, ClientDisconnect)
