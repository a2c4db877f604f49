"""The protocol that `ondol serve` and gunicorn's worker use: strict, and with a limit on how long a client may take to
send a request or to read an answer.

uvicorn waits indefinitely for both, so a few hundred sockets that send a byte a second would fill a server (OWASP,
Denial of Service Cheat Sheet: slow HTTP).
"""

import asyncio

from ondol.server.strict import StrictProtocol


class PatientProtocol(StrictProtocol):
    """Closes a connection whose client lets us wait for HTTP__RECEIVE_SECONDS: for the rest of a request (from its
    first byte, or from connecting), or for room to write an answer to.
    """

    _deadline: asyncio.TimerHandle | None = None
    _writing: asyncio.TimerHandle | None = None

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
        super().on_message_begin()
        self._expect_more()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if not self._is_arriving:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_arriving:
            self._expect_more()

    def handle_websocket_upgrade(self) -> None:
        self._is_arriving = False
        self._stop_waiting()
        super().handle_websocket_upgrade()

    def refuse(self, status: int) -> None:
        self._stop_waiting()
        super().refuse(status)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._writing = self._writing or self.loop.call_later(self._options.receive_seconds, self._abort)

    def resume_writing(self) -> None:
        self._room_to_write()
        super().resume_writing()

    def _abort(self) -> None:
        self.disconnect()
        self.transport.abort()

    def _expect_more(self) -> None:
        self._stop_waiting()
        if not self._is_refused and not self.is_answering and not self.transport.is_closing():
            self._deadline = self.loop.call_later(self._options.receive_seconds, self._cut)

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
        if not self.transport.is_closing() and not self.is_answering:
            self.refuse(408)
