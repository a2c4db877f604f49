"""Cursors are signed, canonical, bound to a query and an owner, and valid through a rotation of the secret."""

import string
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import column, func, select

from ondol.db.pagination import InvalidCursor, PageQuery, PageRows, Paginator
from ondol.db.session import Database

OLD, NEW = b"o" * 32, b"n" * 32
ALPHABET = string.ascii_letters + string.digits + "-_"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def page(database: Database, paginator: Paginator, cursor: str | None = None, bound_to: str = "") -> PageRows:
    numbers = func.generate_series(1, 50).table_valued(column("n"), name="numbers").render_derived()
    async with database.reading() as session:
        statement = select(numbers.c.n).order_by(numbers.c.n)
        return await paginator.page(
            session, statement, PageQuery.model_construct(limit=2, cursor=cursor), bound_to=bound_to
        )


async def test_a_cursor_outlives_a_rotation_of_the_secret_in_three_steps(database: Database) -> None:
    cursor = (await page(database, Paginator(OLD))).next_cursor
    for keys in ((OLD,), (OLD, NEW), (NEW, OLD)):
        assert [row.n for row in (await page(database, Paginator(*keys), cursor)).items] == [3, 4]
    with pytest.raises(InvalidCursor):
        await page(database, Paginator(NEW), cursor)
    assert (await page(database, Paginator(NEW, OLD))).next_cursor == (await page(database, Paginator(NEW))).next_cursor


async def test_no_other_text_is_a_cursor(database: Database) -> None:
    paginator = Paginator(NEW)
    cursor = (await page(database, paginator)).next_cursor
    assert cursor is not None
    others = {cursor[:-1] + last for last in ALPHABET} | {cursor[:at] + cursor[at + 1 :] for at in range(len(cursor))}
    others |= {f"{cursor}=", f"{cursor}.", f".{cursor}", f" {cursor}", "x", ".", "..", "€", "\ud800", "a.\ud800", "\0"}
    for other in others - {cursor}:
        with pytest.raises(InvalidCursor):
            await page(database, paginator, other)


async def test_a_cursor_is_bound(database: Database) -> None:
    paginator = Paginator(NEW)
    cursor = (await page(database, paginator, bound_to="a")).next_cursor
    assert [row.n for row in (await page(database, paginator, cursor, "a")).items] == [3, 4]
    for stranger in ("", "b"):
        with pytest.raises(InvalidCursor):
            await page(database, paginator, cursor, stranger)
