"""Leaving service without a failed request.

A server closes its listener the moment SIGTERM arrives, while load balancers still send requests to it. So the signal
is held back: at first the service only says that it is not ready, answers on, and has clients close their connections;
then the server gets its signal.
"""

import asyncio
import signal
import threading
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

import structlog

T = TypeVar("T")

SAME_SIGNAL_SECONDS = 1.0

log = structlog.stdlib.get_logger("ondol")


class Stopped(Exception):
    """A signal to end came while this was waited for."""


class Drain:
    """Notices SIGTERM and SIGINT: `has_begun` is true from then on, and what waits for `began` goes on.

    The server gets SIGTERM after `seconds`, and at once while the service starts, or at a second one; SIGINT at once.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._forget()

    def _forget(self) -> None:
        self.has_begun, self._began_at = False, 0.0
        self.began = asyncio.Event()
        self.is_serving = False

    @contextmanager
    def installed(self) -> Iterator[None]:
        """In the lifespan: after the server set its handlers. Outside the main thread no signal is noticed."""
        self._forget()  # an application may be started again, in another event loop
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        servers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

        def hand_over(number: int, frame: FrameType | None) -> None:
            server = servers[signal.Signals(number)]
            if callable(server):
                server(number, frame)
            else:
                signal.signal(number, server)
                signal.raise_signal(number)

        def begin(number: int, frame: FrameType | None) -> None:
            is_first = not self.has_begun
            if is_first:
                self.has_begun, self._began_at = True, time.monotonic()
                loop.call_soon_threadsafe(self.began.set)
            if number == signal.SIGINT or not self.is_serving or self._seconds == 0:
                hand_over(number, frame)
            elif is_first:
                loop.call_soon_threadsafe(log.info, "draining")
                loop.call_soon_threadsafe(loop.call_later, self._seconds, hand_over, number, None)
            elif time.monotonic() - self._began_at > SAME_SIGNAL_SECONDS:
                # A later one means: now. One that comes with the first was sent to the whole process group.
                hand_over(number, frame)

        for number in servers:
            signal.signal(number, begin)
        try:
            yield
        finally:
            for number, server in servers.items():
                if signal.getsignal(number) is begin:
                    signal.signal(number, server)

    async def unless_begun(self, work: Awaitable[T]) -> T:
        """Wait for `work`. Raises Stopped when a signal comes first."""
        task, stop = asyncio.ensure_future(work), asyncio.ensure_future(self.began.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise Stopped
            return task.result()
        finally:
            task.cancel()
            stop.cancel()
