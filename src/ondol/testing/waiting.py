import time
from collections.abc import Callable


def eventually(check: Callable[[], bool], seconds: float) -> float:
    """Wait until `check()` is true, and return how many seconds it took. Raises AssertionError after `seconds`."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if check():
            return time.monotonic() - started
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")
