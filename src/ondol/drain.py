"""Leaving service without a failed request.

A server closes its listener the moment SIGTERM arrives, while load balancers still send requests to it. So the signal
is held back: at first the service only says that it is not ready, answers on, and has clients close their connections;
then the server gets its signal.
"""

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import structlog

SAME_SIGNAL_SECONDS = 1.0

log = structlog.stdlib.get_logger("ondol")


class Drain:
    """Holds SIGTERM back for `seconds`; `has_begun` is true from its arrival on."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.has_begun, self._began = False, 0.0

    @contextmanager
    def installed(self) -> Iterator[None]:
        """In the lifespan: after the server set its handler. Does nothing outside the main thread."""
        if self._seconds == 0 or threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        server = signal.getsignal(signal.SIGTERM)

        def hand_over(number: int, frame: FrameType | None) -> None:
            if callable(server):
                server(number, frame)
            else:
                signal.signal(signal.SIGTERM, server)
                signal.raise_signal(signal.SIGTERM)

        def begin(number: int, frame: FrameType | None) -> None:
            if self.has_begun:
                # A later one means: now. One that comes with the first was sent to the whole process group.
                if time.monotonic() - self._began > SAME_SIGNAL_SECONDS:
                    hand_over(number, frame)
                return
            self.has_begun, self._began = True, time.monotonic()
            loop.call_soon_threadsafe(log.info, "draining")
            loop.call_soon_threadsafe(loop.call_later, self._seconds, hand_over, number, None)

        signal.signal(signal.SIGTERM, begin)
        try:
            yield
        finally:
            if signal.getsignal(signal.SIGTERM) is begin:
                signal.signal(signal.SIGTERM, server)
