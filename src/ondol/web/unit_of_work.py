"""Services for routers: dependencies that make a service with the request's transaction, or with a read session.

Use `read_only` for a GET. All writing services of a request share one transaction. In a test
`app.dependency_overrides[in_transaction(ProductService)] = …` replaces one.

    from typing import Annotated
    from fastapi import Depends
    from app.services.products import ProductService
    from ondol.web.unit_of_work import in_transaction, read_only
    Products = Annotated[ProductService, Depends(in_transaction(ProductService))]
    ReadOnlyProducts = Annotated[ProductService, Depends(read_only(ProductService))]
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends
from fastapi.requests import HTTPConnection
from fastapi.security.utils import get_authorization_scheme_param

from ondol.errors import Unauthorized
from ondol.runtime import Runtime, UnitOfWork
from ondol.web.client import client_of
from ondol.web.cookies import ACCESS
from ondol.web.dependencies import runtime_of

T = TypeVar("T")


# Both have only one parameter: resolving another dependency in FastAPI costs more than the work here.


async def transaction(connection: HTTPConnection) -> AsyncIterator[UnitOfWork[Any]]:
    """Yield the unit of work of `Transaction`. Raises as `Database.transaction` does."""
    runtime = runtime_of(connection)
    async with (
        runtime.shares.of(_caller(connection, runtime)),
        runtime.transaction(client_of(connection)) as work,
    ):
        yield work


def _caller(connection: HTTPConnection, runtime: Runtime[Any]) -> UUID | None:
    """Return the account of the request's token, to share connections. The route's own dependency authorises it."""
    scheme, token = get_authorization_scheme_param(connection.headers.get("Authorization"))
    if scheme.lower() != "bearer":
        token = connection.cookies.get(ACCESS, "")
    try:
        return runtime.tokens.verify(token).user_id if token else None
    except Unauthorized:
        return None


async def reading(connection: HTTPConnection) -> AsyncIterator[UnitOfWork[Any]]:
    """Yield the unit of work of `Reading`."""
    async with runtime_of(connection).reading(client_of(connection)) as work:
        yield work


# Function scope: FastAPI's default scope would commit after the response was sent, and hold a connection until a slow
# client has read it.
Transaction = Annotated[UnitOfWork[Any], Depends(transaction, scope="function")]
"""A unit of work with the request's transaction, committed before the response is sent."""
Reading = Annotated[UnitOfWork[Any], Depends(reading, scope="function")]
"""A unit of work that only reads."""


def in_transaction(service: Callable[[UnitOfWork[Any]], T]) -> Callable[..., Awaitable[T]]:
    """Return a dependency that makes `service` with the request's transaction, committed before the response."""
    return _writing(service)


def read_only(service: Callable[[UnitOfWork[Any]], T]) -> Callable[..., Awaitable[T]]:
    """Return a dependency that makes `service` with a read session, each statement in one round trip."""
    return _reading(service)


# Cached for each service, so that the same call in a test returns the same dependency.


@cache
def _writing(service: Callable[[UnitOfWork[Any]], Any]) -> Callable[..., Awaitable[Any]]:
    async def make(work: Transaction) -> Any:
        return service(work)

    return make


@cache
def _reading(service: Callable[[UnitOfWork[Any]], Any]) -> Callable[..., Awaitable[Any]]:
    async def make(work: Reading) -> Any:
        return service(work)

    return make
