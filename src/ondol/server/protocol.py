"""uvicorn's HTTP protocol, with a limit on how long a client may take to send a request or to read an answer.

uvicorn waits for ever for both, so a few hundred sockets that send a byte a second would fill a server (OWASP, Denial
of Service Cheat Sheet: slow HTTP).
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ondol.server.state import DEFAULT_RECEIVE_SECONDS, RECEIVE_SECONDS

FLUSH_SECONDS = 5.0
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class PatientProtocol(HttpToolsProtocol):
    """Closes a connection whose client lets us wait for HTTP__RECEIVE_SECONDS: for the rest of a request (from its
    first byte, or from connecting), or for room to write an answer to. The setting comes by the lifespan state.
    """

    _deadline: asyncio.TimerHandle | None = None
    _writing: asyncio.TimerHandle | None = None
    _is_arriving = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_more()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._room_to_write()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Also for bytes that begin no request, such as an empty line: they have ended uvicorn's keep-alive time.
        if self.timeout_keep_alive_task is None and self._deadline is None:
            self._expect_more()

    def on_message_begin(self) -> None:
        self._is_arriving = True
        self._expect_more()
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self._is_arriving = False
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_arriving:
            self._expect_more()

    def handle_websocket_upgrade(self) -> None:
        self._is_arriving = False
        self._stop_waiting()
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._writing = self._writing or self.loop.call_later(self._seconds, self._abort)

    def resume_writing(self) -> None:
        self._room_to_write()
        super().resume_writing()

    @property
    def _seconds(self) -> float:
        return float(self.app_state.get(RECEIVE_SECONDS, DEFAULT_RECEIVE_SECONDS))

    @property
    def _is_answering(self) -> bool:
        """Whether an earlier request, wholly here, is still being answered: then it is we who let the client wait."""
        cycle = self.cycle
        return bool(self.pipeline) or (cycle is not None and not cycle.response_complete and not cycle.more_body)

    def _expect_more(self) -> None:
        self._stop_waiting()
        transport: Any = self.transport
        if not self._is_answering and not transport.is_closing():
            self._deadline = self.loop.call_later(self._seconds, self._cut)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _room_to_write(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def _cut(self) -> None:
        self._deadline = None
        transport: Any = self.transport
        if transport.is_closing() or self._is_answering:
            return
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            transport.write(_TOO_SLOW)
        transport.close()
        self.loop.call_later(FLUSH_SECONDS, transport.abort)

    def _abort(self) -> None:
        transport: Any = self.transport
        transport.abort()
