"""One transaction per request, committed before the response is sent."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ondol.db.session import Database


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.database = Database(os.environ["DATABASE_URL"])
    yield
    await app.state.database.close()


async def session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.database.transaction() as session:
        yield session


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def now(session: Annotated[AsyncSession, Depends(session, scope="function")]) -> dict[str, str]:
    return {"now": str((await session.execute(text("SELECT now()"))).scalar_one())}
