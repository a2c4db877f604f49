"""uvicorn's HTTP protocol, strict about the end of a request and the size of its head.

A proxy and this server must agree where a request ends, or one user's bytes become another user's request (RFC 9112,
section 11.2: request smuggling).
"""

import asyncio
from typing import Any

import httptools
import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ondol.errors import encoded_problem, phrase
from ondol.server.state import OPTIONS, ServerOptions

FLUSH_SECONDS = 5.0
_DETAILS = {
    400: "The request is not valid HTTP.",
    408: "The request did not arrive in time.",
    414: "The URL is too long.",
    431: "The headers are too large.",
}

log = structlog.stdlib.get_logger("ondol")


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


class StrictProtocol(HttpToolsProtocol):
    """Refuse a request that another server could read differently, and a head beyond the limits.

    `Upgrade` is ignored unless it opens a WebSocket (RFC 9110, section 7.8, allows it): the request is answered, then
    the connection ends. Trailers are dropped: merged into the headers they would look like headers that a proxy has
    checked (RFC 9110, section 6.5.1). The options come from the lifespan state.
    """

    _options = ServerOptions()
    _is_arriving = False  # a request, from its first byte to its last
    _has_head = False  # the arriving request
    _is_over = False  # refused, or handed over to the WebSocket protocol: no more data is read here
    _running: RequestResponseCycle | None = None
    # Bytes of headers and trailers, and bytes received since the parser last reported something.
    _head_bytes, _unreported_bytes = 0, 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._options = self.app_state.get(OPTIONS, self._options)
        if not self._options.websockets:
            self.ws_protocol_class = None
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        self._unset_keepalive_if_required()
        self._unreported_bytes += len(data)
        try:
            self._feed(data)
            self._limit_head()
        except _Refused as refused:
            self.refuse(refused.status)
        except httptools.HttpParserError as error:
            cause = error.__context__
            self.refuse(cause.status if isinstance(cause, _Refused) else 400)

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
            return
        except httptools.HttpParserUpgrade as upgrade:
            (end_of_head,) = upgrade.args
        if self._is_handshake():
            self.handle_websocket_upgrade()
            return
        # The parser treats the body as another protocol's bytes, so a new parser reads the request without the header.
        head = self._head_without_upgrade()
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self.parser.feed_data(head + data[end_of_head:])

    def _head_without_upgrade(self) -> bytes:
        request_line = b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        fields = [b"%s: %s" % field for field in self.headers if field[0] not in (b"connection", b"upgrade")]
        return b"\r\n".join([request_line, *fields, b"connection: close", b"", b""])

    def connection_lost(self, exc: Exception | None) -> None:
        self.disconnect()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def disconnect(self) -> None:
        """End all running requests without an error, as the client has gone. uvicorn notifies only the newest one."""
        self.pipeline.clear()
        if self._running is not None:
            self._running.disconnected = True
            self._running.waiting_for_100_continue = False
            self._running.message_event.set()

    def handle_websocket_upgrade(self) -> None:
        self._is_over, self._is_arriving = True, False
        self._unset_keepalive_if_required()
        super().handle_websocket_upgrade()

    def _should_upgrade(self) -> bool:
        return self._is_handshake()

    def on_message_begin(self) -> None:
        self._is_arriving, self._has_head = True, False
        self._head_bytes = self._unreported_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._unreported_bytes = 0
        super().on_url(url)
        if len(self.url) > self._options.max_url_bytes:
            raise _Refused(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._unreported_bytes = 0
        self._head_bytes += len(name) + len(value) + len(b": \r\n")
        self._limit_head()
        if not self._has_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._unreported_bytes = 0
        self._refuse_ambiguous_head()
        # For the parser, a request with `Upgrade` ends here: it is handed over, or read again without the header.
        if not self.parser.should_upgrade():
            super().on_headers_complete()
            self._has_head = True
        elif self._is_handshake():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unreported_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._has_head:
            self._is_arriving = False
            super().on_message_complete()

    def _limit_head(self) -> None:
        if self._head_bytes + self._unreported_bytes > self._options.max_head_bytes:
            raise _Refused(431)

    def _refuse_ambiguous_head(self) -> None:
        version = self.parser.get_http_version()
        codings = self._values(b"transfer-encoding")
        if version not in ("1.0", "1.1") or self.parser.get_method() == b"CONNECT":
            raise _Refused(400)
        # Only chunked is supported (RFC 9112, section 6.1); HTTP/1.0 does not have it.
        if codings and (codings != [b"chunked"] or version == "1.0"):
            raise _Refused(400)

    def _is_handshake(self) -> bool:
        """Return whether the request opens a WebSocket (RFC 6455, section 4.1): only if the application has any and no
        earlier request is running."""
        return (
            self.ws_protocol_class is not None
            and not self.is_answering
            and self.parser.get_method() == b"GET"
            and self._values(b"upgrade") == [b"websocket"]
            and not self._values(b"content-length")
            and not self._values(b"transfer-encoding")
        )

    def _values(self, name: bytes) -> list[bytes]:
        return [value.strip().lower() for found, value in self.headers if found == name]

    @property
    def is_answering(self) -> bool:
        """Return whether a completely received request is still being answered."""
        cycle = self.cycle
        return bool(self.pipeline) or (cycle is not None and not cycle.response_complete and not cycle.more_body)

    def refuse(self, status: int) -> None:
        """Answer the arriving request with an error, and read no more data from this connection."""
        self._is_over = True
        log.warning("request_refused", status=status, client=self.client[0] if self.client else None)
        has_cycle = self._is_arriving and self._has_head
        if has_cycle and self.pipeline:
            self.pipeline.popleft()  # the newest, which is this request
            self.cycle = self.pipeline[0][0] if self.pipeline else self._running  # type: ignore[assignment]
            has_cycle = False
        if has_cycle:
            # If its response has started, an error would be read as the response to another request.
            is_too_late = self.cycle.response_started
            self.disconnect()
            if not is_too_late:
                self.transport.write(_error(status))
            self._close()
        elif self.is_answering:
            self.cycle.keep_alive = False  # earlier requests get their responses, then the connection ends
        else:
            self.transport.write(_error(status))
            self._close()

    def _close(self) -> None:
        """Close without a reset, which could discard the response before the client has read it (RFC 9112, 9.6)."""
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()
        self.loop.call_later(FLUSH_SECONDS, self.transport.abort)


def _error(status: int) -> bytes:
    body = encoded_problem(status, _DETAILS[status])
    head = (
        f"HTTP/1.1 {status} {phrase(status)}\r\ncontent-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
