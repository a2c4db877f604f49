"""Dependencies that reach the runtime. A project makes aliases of them in its `dependencies.py`.

All are `async def`: FastAPI would run a `def` in a thread, which takes longer than what they do.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection
from sqlalchemy.ext.asyncio import AsyncSession

from ondol.cache import Cache
from ondol.db.pagination import Paginator
from ondol.db.session import ReadSession
from ondol.runtime import Ondol


async def get_ondol(connection: HTTPConnection) -> Ondol:
    """The runtime that `install` put on the application."""
    ondol: Ondol = connection.app.state.ondol
    return ondol


OndolDep = Annotated[Ondol, Depends(get_ondol)]


async def write_session(ondol: OndolDep) -> AsyncIterator[AsyncSession]:
    """One transaction for the request, committed before the response leaves.

    Only with `Depends(write_session, scope="function")`: FastAPI's default scope would commit after the client was
    told. A `yield` dependency of yours that takes this session must be function-scoped too.
    """
    async with ondol.database.transaction() as session:
        yield session


async def read_session(ondol: OndolDep) -> AsyncIterator[ReadSession]:
    """A session that only reads, each statement in one round trip."""
    async with ondol.database.reading() as session:
        yield session


async def get_paginator(ondol: OndolDep) -> Paginator:
    return ondol.paginator


async def get_cache(ondol: OndolDep) -> Cache:
    return ondol.cache


SessionDep = Annotated[AsyncSession, Depends(write_session, scope="function")]
ReadSessionDep = Annotated[ReadSession, Depends(read_session, scope="function")]
PaginatorDep = Annotated[Paginator, Depends(get_paginator)]
CacheDep = Annotated[Cache, Depends(get_cache)]
