"""Keyset pagination: page 100 costs as much as page 1. Use it for every list that can grow.

A cursor is sqlakeyset's bookmark (the sort values of the last row), signed and bound to its query: a cursor that was
modified, or is used with other filters, is refused.

    from sqlalchemy import func, select
    from ondol.db.pagination import PageQuery, Paginator
    from ondol.db.session import Database
    database, number = Database(database_url), func.generate_series(1, 50).column_valued("number")
    async with database.reading() as session:
        page = await Paginator(b"k" * 32).page(session, select(number).order_by(number), PageQuery(limit=2))
    assert page.next_cursor
    await database.close()
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Generic, TypeVar

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlakeyset import serialize_bookmark, unserialize_bookmark
from sqlakeyset.asyncio import select_page
from sqlakeyset.results import s as bookmarks
from sqlakeyset.serial.serial import DATETIME, TIME
from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncSession

from ondol.errors import BadRequest
from ondol.keys import derived
from ondol.types import composed

T = TypeVar("T")
Place = tuple[Any, ...]
MAX_CURSOR_LENGTH = 1_000
# sqlakeyset 2.0 reads a time of day with time("09:00:00"), which fails, and guesses the format of a datetime.
bookmarks.deserializers |= {TIME: time.fromisoformat, DATETIME: datetime.fromisoformat}


class InvalidCursor(BadRequest):
    code = "invalid_cursor"
    detail = "Invalid cursor for this query. Start again without a cursor."


@dataclass(frozen=True)
class PageRows:
    """One page of rows."""

    items: Sequence[Row[Any]]
    next_cursor: str | None


class Page(BaseModel, Generic[T]):
    """One page of a list as a response: `Page[ProductRead]`. `next_cursor` is null on the last page."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Return `ProductPage` for `Page[ProductRead]`, the name of the schema in the OpenAPI document."""
        if isinstance(params[0], type) and issubclass(params[0], BaseModel):
            return f"{params[0].__name__.removesuffix('Read')}Page"
        return super().model_parametrized_name(params)

    items: list[T]
    next_cursor: str | None = Field(None, examples=["pJ3kq1…"])


Q = TypeVar("Q", bound="PageQuery")


async def every(page: Callable[[Q], Awaitable[Page[T]]], query: Q) -> list[T]:
    """Return the items of all pages, for exports and commands. `page`: a service's method for one page."""
    found = await page(query)
    items = list(found.items)
    while found.next_cursor:
        found = await page(query.model_copy(update={"cursor": found.next_cursor}))
        items += found.items
    return items


class PageQuery(BaseModel):
    """The query parameters of every list. Subclass it to add filters."""

    model_config = ConfigDict(extra="forbid")

    _compose = model_validator(mode="before")(composed)

    limit: int = Field(20, ge=1, le=100, description="Items per page.")
    cursor: str | None = Field(
        None, min_length=1, max_length=MAX_CURSOR_LENGTH, description="`next_cursor` of the previous page."
    )


class Paginator:
    """Select pages and sign their cursors.

    `key`: at least 32 bytes, the same in every process of the service. Cursors signed with a key in `accepted` are
    valid too.
    """

    def __init__(self, key: bytes, *accepted: bytes) -> None:
        # itsdangerous signs with the last key and accepts all of them.
        self._keys = derived("pagination", *reversed(accepted), key)

    async def page(
        self, session: AsyncSession, statement: Select[Any], query: PageQuery, *, bound_to: str = ""
    ) -> PageRows:
        """Return one page of `statement`. It must be ordered, last by a unique column.

        `bound_to`: an additional value that the cursor is valid for, such as the owner of the rows.
        Raises InvalidCursor.
        """
        bookmark = serialize_bookmark((place, False)) if (place := self.place(query, bound_to)) else None
        found = await select_page(session, statement, per_page=query.limit, page=bookmark)
        following = None
        if found.paging.has_next:
            following = self._seal(found.paging.bookmark_next, _context(query, bound_to))
        return PageRows(found, following)

    def place(self, query: PageQuery, bound_to: str = "") -> Place | None:
        """Return the sort values of the row before the page, from the query's cursor. Raises InvalidCursor."""
        if query.cursor is None:
            return None
        return unserialize_bookmark(self._open(query.cursor, _context(query, bound_to))).place

    def cursor(self, place: Place, query: PageQuery, bound_to: str = "") -> str:
        """Return the cursor for the page after a row with these sort values."""
        return self._seal(serialize_bookmark((place, False)), _context(query, bound_to))

    def _seal(self, bookmark: str, context: str) -> str:
        cursor: str = self._serializer(context).dumps(bookmark)
        return cursor

    def _open(self, cursor: str, context: str) -> str:
        try:
            # The last base64 character has unused bits: accept only one spelling of each cursor.
            if any(base64_encode(base64_decode(part)).decode() != part for part in cursor.lstrip(".").split(".")):
                raise InvalidCursor
            bookmark: str = self._serializer(context).loads(cursor)
        except (BadData, UnicodeError) as error:
            raise InvalidCursor from error
        return bookmark

    def _serializer(self, context: str) -> URLSafeSerializer:
        options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        return URLSafeSerializer(self._keys, salt=context.encode(), signer_kwargs=options)


def _context(query: PageQuery, bound_to: str) -> str:
    return f"{type(query).__qualname__}:{bound_to}:{query.model_dump_json(exclude={'limit', 'cursor'})}"
