"""The running and just finished loads of this process. Reads of the same value share one."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Generations = tuple[bytes, ...]

# A read may have seen the same generations before the value was stored.
LINGER_SECONDS = 0.2


class OwnerCancelled(Exception):
    """The task that loads was cancelled. A task that joined it must retry."""


@dataclass(frozen=True)
class _Flight:
    """A load. Only reads that saw the same generations join: a read after a commit must not get an older value."""

    generations: Generations
    result: asyncio.Future[Any]


class Flights:
    def __init__(self) -> None:
        self._flights: dict[str, _Flight] = {}

    async def join(self, key: str, generations: Generations, load: Callable[[], Awaitable[Any]]) -> Any:
        """Return the result of `load`, or of a load that is already running. Raises its errors and OwnerCancelled."""
        flight = self._flights.get(key)
        if flight is None or flight.generations != generations:
            return await self._fly(key, generations, load)
        try:
            return await asyncio.shield(flight.result)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not flight.result.cancelled() or (task is not None and task.cancelling()):
                raise
            raise OwnerCancelled from None

    async def _fly(self, key: str, generations: Generations, load: Callable[[], Awaitable[Any]]) -> Any:
        loop = asyncio.get_running_loop()
        flight = _Flight(generations, loop.create_future())
        self._flights[key] = flight
        try:
            value = await load()
        except asyncio.CancelledError:
            flight.result.cancel()
            raise
        except BaseException as error:
            flight.result.set_exception(error)
            flight.result.exception()  # retrieved: perhaps no other task is waiting
            raise
        else:
            flight.result.set_result(value)
            return value
        finally:
            if flight.result.cancelled() or flight.result.exception() or flight.result.result() is None:
                self._land(key, flight)
            else:
                loop.call_later(LINGER_SECONDS, self._land, key, flight)

    def _land(self, key: str, flight: _Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
