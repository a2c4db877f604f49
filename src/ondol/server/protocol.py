"""The protocol of `ondol serve` and gunicorn's worker: strict, and with a timeout for sending a request and for reading
a response.

uvicorn waits indefinitely for both, so a few hundred sockets that send a byte per second could occupy a server (OWASP,
Denial of Service Cheat Sheet: slow HTTP).
"""

import asyncio

from ondol.server.strict import StrictProtocol

# The least that a client must read in half of HTTP__RECEIVE_SECONDS.
MIN_READ_BYTES = 16_384


class PatientProtocol(StrictProtocol):
    """Close a connection if the client needs more than HTTP__RECEIVE_SECONDS to send a request (from its first byte, or
    from connecting) or to read a response.
    """

    _deadline: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None
    _unread_bytes: int | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_more()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Also after bytes that start no request, such as an empty line: they end uvicorn's keep-alive timeout.
        if self.timeout_keep_alive_task is None and self._deadline is None:
            self._expect_more()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_more()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if not self._is_arriving:
            self._stop_waiting()
            if self._has_head and self.cycle.response_complete and not self.transport.is_closing():
                # The response ended before the body arrived, so uvicorn's keep-alive timeout starts now.
                self._unset_keepalive_if_required()
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_reading()
        if self._is_arriving:
            self._expect_more()

    def handle_websocket_upgrade(self) -> None:
        self._stop_waiting()
        self._stop_watching()
        super().handle_websocket_upgrade()

    def refuse(self, status: int) -> None:
        self._stop_waiting()
        super().refuse(status)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reading()

    def _watch_reading(self) -> None:
        """Check twice whether the client reads the response; the transport itself would wait indefinitely."""
        self._unread_bytes = None
        if self._reading is None:
            self._reading = self.loop.call_later(self._options.receive_seconds / 2, self._look)

    def _look(self) -> None:
        self._reading = None
        unread, before = self.transport.get_write_buffer_size(), self._unread_bytes
        if unread and before is not None and unread > before - MIN_READ_BYTES:
            self.disconnect()
            self.transport.abort()
        elif unread:
            self._watch_reading()
            self._unread_bytes = unread

    def _stop_watching(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _expect_more(self) -> None:
        self._stop_waiting()
        if not self._is_over and not self.is_answering and not self.transport.is_closing():
            self._deadline = self.loop.call_later(self._options.receive_seconds, self._cut)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self) -> None:
        self._deadline = None
        if self.transport.is_closing() or self.is_answering:
            return
        if self._is_arriving or self.cycle is None:
            self.refuse(408)
        else:
            self.transport.close()  # idle: a 408 would be read as the response to the next request
