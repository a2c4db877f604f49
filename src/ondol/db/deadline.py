"""The deadline of the current request.

The middleware sets it. The unit of work lifts it before the commit: otherwise a client could get a timeout for a write
that is on disk.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

request_deadline: ContextVar[asyncio.Timeout | None] = ContextVar("request_deadline", default=None)


def lift_deadline() -> None:
    """Remove the deadline of the current request, if there is one."""
    deadline = request_deadline.get()
    if deadline is not None and not deadline.expired():
        with contextlib.suppress(RuntimeError):  # already over: this task outlived its request
            deadline.reschedule(None)


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end even if the caller is cancelled, then raise the cancellation."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except BaseException:  # noqa: S110  (raised from task.result() below)
            pass
    if cancelled is not None:
        if not task.cancelled() and task.exception() is not None:
            raise cancelled from task.exception()
        raise cancelled
    return task.result()
