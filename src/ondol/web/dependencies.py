"""The dependency that returns the runtime. It is `async def`: FastAPI would run a `def` in a thread, which takes longer
than the function itself."""

from typing import Annotated, Any

from fastapi import Depends
from fastapi.requests import HTTPConnection

from ondol.runtime import Runtime


def runtime_of(connection: HTTPConnection) -> Runtime[Any]:
    """Return the runtime that `install` set on the application."""
    runtime: Runtime[Any] = connection.app.state.runtime
    return runtime


async def get_runtime(connection: HTTPConnection) -> Runtime[Any]:
    """Return the runtime, for a route."""
    return runtime_of(connection)


RuntimeDep = Annotated[Runtime[Any], Depends(get_runtime)]


async def get_preferred_language(connection: HTTPConnection) -> str | None:
    """Return the language of the service that the client prefers (Accept-Language), None if it prefers none of them."""
    return runtime_of(connection).languages.asked(connection.headers.get("Accept-Language", ""))


PreferredLanguage = Annotated[str | None, Depends(get_preferred_language)]
