from collections.abc import AsyncIterator

import psycopg
from ondol.db.urls import libpq_url

from app.repositories.bookings import CHANNEL
from app.runtime import Runtime
from app.schemas.bookings import BookingRead

CHECK_SECONDS = 15.0


async def new_bookings(runtime: Runtime) -> AsyncIterator[BookingRead | None]:
    """Yield each booking as it commits. Yield None when it listens and every CHECK_SECONDS, so that the caller can
    check its session. Uses a separate connection to PostgreSQL."""
    url = libpq_url(runtime.servers.direct_url)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        while True:
            yield None
            async for message in connection.notifies(timeout=CHECK_SECONDS):
                yield BookingRead.model_validate_json(message.payload)
