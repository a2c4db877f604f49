"""Keyset pagination with signed cursors over your own table."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Query
from sqlalchemy import func, select

from ondol.db.pagination import Page, PageQuery, Paginator
from ondol.db.session import Database
from ondol.web.problems import install_problems

paginator = Paginator(b"a key of at least thirty-two bytes")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.database = Database(os.environ["DATABASE_URL"])
    yield
    await app.state.database.close()


app = FastAPI(lifespan=lifespan)
install_problems(app)


@app.get("/")
async def numbers(query: Annotated[PageQuery, Query()]) -> Page[int]:
    number = func.generate_series(1, 50).table_valued("n", name="numbers").render_derived()
    async with app.state.database.reading() as session:
        page = await paginator.page(session, select(number.c.n).order_by(number.c.n), query)
    return Page(items=[row.n for row in page.items], next_cursor=page.next_cursor)
