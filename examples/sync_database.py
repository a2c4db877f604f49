"""SQLAlchemy without asyncio: one transaction per request, in endpoints that are `def`."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from sqlalchemy import text
from sqlalchemy.orm import Session

from ondol.db.session import SyncDatabase
from ondol.web.problems import install_problems


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.database = SyncDatabase(os.environ["DATABASE_URL"])
    yield
    app.state.database.close()


def session(request: Request) -> Iterator[Session]:
    with request.app.state.database.transaction() as session:
        yield session


app = FastAPI(lifespan=lifespan)
install_problems(app)


@app.get("/")
def now(session: Annotated[Session, Depends(session, scope="function")]) -> dict[str, str]:
    return {"now": str(session.execute(text("SELECT now()")).scalar_one())}
