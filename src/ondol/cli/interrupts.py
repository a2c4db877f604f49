"""Ctrl-C and SIGTERM in commands that run until they are stopped."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """Raised on Ctrl-C or SIGTERM. Like KeyboardInterrupt, it is not caught by `except Exception`."""


@contextmanager
def interruptible(stop: Callable[[], object]) -> Iterator[None]:
    """Leave the block without an error at the first Ctrl-C or SIGTERM. `stop` always runs; further signals do not
    interrupt it."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    try:
        yield
    except Interrupted:
        pass
    finally:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        stop()


def _interrupt(number: int, frame: object) -> None:
    for ignored in _SIGNALS:
        signal.signal(ignored, signal.SIG_IGN)
    raise Interrupted
