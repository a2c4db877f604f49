"""Graceful shutdown without a failed request.

A server closes its listener as soon as SIGTERM arrives, while load balancers still send requests to it. So the signal
is delayed: first the service reports that it is not ready, continues to serve, and makes clients close their
connections; then the server gets the signal.
"""

import asyncio
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

import structlog

T = TypeVar("T")

SAME_SIGNAL_SECONDS = 1.0

log = structlog.stdlib.get_logger("ondol")


class Stopped(Exception):
    """SIGTERM or SIGINT arrived during a wait."""


class Drain:
    """Handle SIGTERM and SIGINT: set `has_begun`, and run the calls registered with `when_begun`.

    The server gets SIGTERM after `seconds`, but at once during the start or if a second one arrives; SIGINT at once.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.has_begun, self._began_at = False, 0.0
        self.is_serving = False
        self._calls: set[Callable[[], object]] = set()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Install the handlers, in the lifespan, after the server's. Does nothing outside the main thread."""
        self.has_begun = self.is_serving = False  # an application may start more than once
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
                loop.call_soon_threadsafe(self._call)
            if number == signal.SIGINT or not self.is_serving or self._seconds == 0:
                hand_over(number, frame)
            elif is_first:
                loop.call_soon_threadsafe(log.info, "draining")
                loop.call_soon_threadsafe(loop.call_later, self._seconds, hand_over, number, None)
            elif time.monotonic() - self._began_at > SAME_SIGNAL_SECONDS:
                # A second signal ends the drain, unless it is the first one sent to the whole process group.
                hand_over(number, frame)

        for number in servers:
            signal.signal(number, begin)
        try:
            yield
        finally:
            for number, server in servers.items():
                if signal.getsignal(number) is begin:
                    signal.signal(number, server)

    def when_begun(self, call: Callable[[], object]) -> Callable[[], None]:
        """Run `call` in the event loop when SIGTERM or SIGINT arrives, or now if one has. Return a function that
        cancels it. For a project's WebSockets, long polls and loops."""
        self._calls.add(call)
        if self.has_begun:
            self._call()
        return lambda: self._calls.discard(call)

    async def unless_begun(self, work: Awaitable[T]) -> T:
        """Wait for `work`. Raises Stopped if a signal arrives first."""
        task = asyncio.ensure_future(work)
        stop: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        take_back = self.when_begun(stop.cancel)
        try:
            both: set[asyncio.Future[Any]] = {task, stop}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise Stopped
            return task.result()
        finally:
            task.cancel()
            take_back()

    def _call(self) -> None:
        while self._calls:
            try:
                self._calls.pop()()
            except Exception:  # the other calls must run too
                log.exception("drain_call_failed")
