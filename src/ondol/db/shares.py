"""A limit on the connections of one caller, so that its many requests do not block other callers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID
from weakref import WeakValueDictionary

from ondol.db.constraints import DatabaseUnavailable


class Shares:
    """Limit each caller to half of the connection pool of this process."""

    def __init__(self, pool_size: int, timeout_seconds: float) -> None:
        self._share = max(1, pool_size // 2)
        self._timeout_seconds = timeout_seconds
        self._callers: WeakValueDictionary[UUID, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, caller: UUID | None) -> AsyncIterator[None]:
        """Wait until the caller holds less than its share. None, an anonymous caller, has no limit.

        Raises DatabaseUnavailable after the timeout.
        """
        if caller is None:
            yield
            return
        share = self._callers.get(caller) or self._callers.setdefault(caller, asyncio.Semaphore(self._share))
        if share.locked():
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    await share.acquire()
            except TimeoutError as error:
                raise DatabaseUnavailable from error
        else:
            await share.acquire()  # without waiting, so without a timer
        try:
            yield
        finally:
            share.release()
