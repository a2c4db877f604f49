from collections.abc import AsyncIterator

import psycopg
from ondol.db.urls import libpq_url

from app.repositories.bookings import CHANNEL
from app.runtime import Runtime
from app.schemas.bookings import BookingRead


async def new_bookings(runtime: Runtime) -> AsyncIterator[BookingRead | None]:
    """Yield None when it listens, then each booking as it commits. Uses a separate connection to PostgreSQL."""
    url = libpq_url(runtime.servers.direct_url)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        yield None
        async for message in connection.notifies():
            yield BookingRead.model_validate_json(message.payload)
