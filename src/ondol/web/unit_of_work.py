"""Services for routers: a dependency that makes a service on the request's transaction, and one that only reads.

    Orders = Annotated[OrderService, Depends(in_transaction(OrderService))]
    ReadOnlyOrders = Annotated[OrderService, Depends(read_only(OrderService))]

In a test `app.dependency_overrides[in_transaction(OrderService)] = …` replaces it. All services of a request that are
in a transaction are in the same one.
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


# Both take the connection alone: FastAPI's part of a dependency costs more than what it does here.


async def transaction(connection: HTTPConnection) -> AsyncIterator[UnitOfWork[Any]]:
    runtime = runtime_of(connection)
    async with (
        runtime.shares.of(_caller(connection, runtime)),
        runtime.transaction(client_of(connection)) as work,
    ):
        yield work


def _caller(connection: HTTPConnection, runtime: Runtime[Any]) -> UUID | None:
    """Return whose token the request has. Whether it may do anything is for the route's own dependency to say."""
    scheme, token = get_authorization_scheme_param(connection.headers.get("Authorization"))
    if scheme.lower() != "bearer":
        token = connection.cookies.get(ACCESS, "")
    try:
        return runtime.tokens.verify(token).user_id if token else None
    except Unauthorized:
        return None


async def reading(connection: HTTPConnection) -> AsyncIterator[UnitOfWork[Any]]:
    async with runtime_of(connection).reading(client_of(connection)) as work:
        yield work


# Function-scoped: FastAPI's default scope would commit after the client was told, and hold a connection until a slow
# client has read its answer.
Transaction = Annotated[UnitOfWork[Any], Depends(transaction, scope="function")]
"""One transaction for the request, committed before the response leaves."""
Reading = Annotated[UnitOfWork[Any], Depends(reading, scope="function")]
"""A unit of work that only reads."""


def in_transaction(service: Callable[[UnitOfWork[Any]], T]) -> Callable[..., Awaitable[T]]:
    """Return a dependency: `service` on the request's transaction, which commits before the response leaves."""
    return _writing(service)


def read_only(service: Callable[[UnitOfWork[Any]], T]) -> Callable[..., Awaitable[T]]:
    """Return a dependency: `service` on a session that only reads, each statement in one round trip."""
    return _reading(service)


# Made once for each service: with the same call a test names the same dependency.


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
