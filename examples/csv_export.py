"""CSV of a million rows, read in batches: flat memory, and no connection held while the client reads."""

import csv
import io
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from sqlalchemy import DateTime, Numeric, String, Uuid, column, select, table

from ondol.db.session import Database

BATCH_ROWS = 2_000
COLUMNS = ("id", "created_at", "status", "total", "currency")
BYTE_ORDER_MARK = "\ufeff"  # Excel needs it to read Hangul
FORMULA = ("=", "+", "-", "@", "\t", "\r")

orders = table("orders", *map(column, COLUMNS, (Uuid, DateTime, String, Numeric, String)))
_BATCH = select(orders).order_by(orders.c.id).limit(BATCH_ROWS)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.database = Database(os.environ["DATABASE_URL"])
    yield
    await app.state.database.close()


app = FastAPI(lifespan=lifespan)


@app.get("/orders.csv", response_class=StreamingResponse)
async def export() -> StreamingResponse:
    return StreamingResponse(
        export_orders(app.state.database),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="orders.csv"'},
    )


async def export_orders(database: Database) -> AsyncIterator[str]:
    """Yield all orders as CSV (RFC 4180), oldest first: ids are UUIDv7, which sort by time."""
    yield BYTE_ORDER_MARK + as_csv([COLUMNS])
    after = UUID(int=0)
    while True:
        async with database.reading() as session:  # in a project: runtime.reading() as work, and a repository
            rows = (await session.execute(_BATCH.where(orders.c.id > after))).all()
        if not rows:
            return
        yield as_csv(rows)
        after = rows[-1].id


def as_csv(rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([as_text(value) for value in row] for row in rows)
    return buffer.getvalue()


def as_text(value: object) -> object:
    """Escape text that spreadsheets would run as a formula (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
