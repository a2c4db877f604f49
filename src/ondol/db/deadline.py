"""The deadline of the request under way.

The middleware arms it. The unit of work lifts it when it begins to commit: a request that is cut while it commits
would be told "too late" about a write that is on disk.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

request_deadline: ContextVar[asyncio.Timeout | None] = ContextVar("request_deadline", default=None)


def lift_deadline() -> None:
    """From here on the request may take its time. Does nothing where no deadline runs."""
    deadline = request_deadline.get()
    if deadline is not None and not deadline.expired():
        with contextlib.suppress(RuntimeError):  # over already: this task outlived its request
            deadline.reschedule(None)


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Runs `work` to its end even when the caller is cancelled meanwhile; the cancellation is raised afterwards."""
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
