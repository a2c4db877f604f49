"""Ctrl-C for commands that run until somebody ends them."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """Ctrl-C, or SIGTERM. Like KeyboardInterrupt, nothing that catches errors catches it."""


@contextmanager
def interruptible(stop: Callable[[], object]) -> Iterator[None]:
    """Leaves the block quietly at the first Ctrl-C or SIGTERM; `stop` runs in any case, and more of them cannot
    disturb it."""
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
