"""uvicorn's HTTP protocol, with a limit on how long a request may take to arrive.

uvicorn waits for ever for the rest of a request, so a few hundred sockets that send a byte a second would fill a
server (OWASP, Denial of Service Cheat Sheet: slow HTTP).
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ondol.server.state import DEFAULT_RECEIVE_SECONDS, RECEIVE_SECONDS

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class PatientProtocol(HttpToolsProtocol):
    """Closes a connection whose request has not arrived in time after its first byte, or after connecting.

    The time is HTTP__RECEIVE_SECONDS, which the application puts into the lifespan state.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._received()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._expect_request()
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self._received()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._received()
        super().handle_websocket_upgrade()

    def _expect_request(self) -> None:
        self._received()
        self._deadline = self.loop.call_later(self.app_state.get(RECEIVE_SECONDS, DEFAULT_RECEIVE_SECONDS), self._cut)

    def _received(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self) -> None:
        transport: Any = self.transport
        if transport.is_closing():
            return
        cycle = self.cycle
        if cycle is None or not cycle.response_started:
            transport.write(_TOO_SLOW)
        transport.close()
