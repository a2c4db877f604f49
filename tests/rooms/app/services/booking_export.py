import csv
import io
from collections.abc import AsyncIterator, Iterable

from ondol.ownership import Owner

from app.repositories.bookings import BookingRepository
from app.runtime import Runtime

COLUMNS = ("id", "room_id", "starts_at", "ends_at", "price", "status", "note")
BYTE_ORDER_MARK = "\ufeff"  # Excel needs it to read Hangul
FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def export_bookings(runtime: Runtime, owner: Owner) -> AsyncIterator[str]:
    """Yield bookings as CSV (RFC 4180), in a separate transaction: the request's ends before the response is sent."""
    yield BYTE_ORDER_MARK + _line(COLUMNS)
    async with runtime.transaction() as work:
        async for booking in BookingRepository(work).stream(owner):
            shown = booking.model_dump(mode="json")
            yield _line(_as_text(shown[name] or "") for name in COLUMNS)


def _as_text(value: str) -> str:
    """Escape text that spreadsheets would run as a formula (OWASP, CSV injection)."""
    return f"'{value}" if value.startswith(FORMULA) else value


def _line(values: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(values)
    return buffer.getvalue()
