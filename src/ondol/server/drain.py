"""Leaving service without a failed request.

A server closes its listener the moment SIGTERM arrives, while load balancers still send requests to it. So the signal
is held back: at first the service only says that it is not ready, answers on, and has clients close their connections;
then the server gets its signal.
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
    """A signal to end came while this was waited for."""


class Drain:
    """Notices SIGTERM and SIGINT: `has_begun` is true from then on, and what `when_begun` was given is called.

    The server gets SIGTERM after `seconds`, and at once while the service starts, or at a second one; SIGINT at once.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.has_begun, self._began_at = False, 0.0
        self.is_serving = False
        self._calls: set[Callable[[], object]] = set()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """In the lifespan: after the server set its handlers. Outside the main thread no signal is noticed."""
        self.has_begun = self.is_serving = False  # an application may be started again
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

    def when_begun(self, call: Callable[[], object]) -> Callable[[], None]:
        """Run `call` in the event loop when a signal to end arrives, or now if one has. Return a function that takes it
        back. For WebSockets, long polls and loops of a project."""
        self._calls.add(call)
        if self.has_begun:
            self._call()
        return lambda: self._calls.discard(call)

    async def unless_begun(self, work: Awaitable[T]) -> T:
        """Wait for `work`. Raises Stopped when a signal comes first."""
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
            except Exception:  # the others must hear of it too
                log.exception("drain_call_failed")
