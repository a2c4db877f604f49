from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from ondol.db.pagination import Paginator
from ondol.runtime import Ondol
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.repositories.products import ProductRepository
from app.schemas.products import ProductQuery, ProductSort
from factories.products import PRODUCTS
from maker import Maker


def test_get(make: Maker, admin: Any, in_transaction: Callable[..., Any]) -> None:
    made_id = UUID(make(PRODUCTS, admin)["id"])

    async def work(session: Any) -> None:
        repository = ProductRepository(session)
        found = await repository.get(made_id)
        assert found is not None
        assert found.id == made_id
        assert await repository.get(uuid4()) is None

    in_transaction(work)


def test_a_locked_one_makes_others_wait(
    make: Maker, admin: Any, ondol: Ondol, in_transaction: Callable[..., Any]
) -> None:
    made_id = UUID(make(PRODUCTS, admin)["id"])

    async def work(session: Any) -> None:
        assert await ProductRepository(session).get_locked(made_id) is not None
        async with ondol.database.transaction() as second:
            await second.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(DBAPIError, match="lock timeout"):
                await ProductRepository(second).get_locked(made_id)
            await second.rollback()

    in_transaction(work)


@pytest.mark.parametrize("sort", ProductSort)
def test_each_sort_ends_in_the_id(
    make: Maker, admin: Any, in_transaction: Callable[..., Any], sort: ProductSort
) -> None:
    there = {UUID(make(PRODUCTS, admin)["id"]) for _ in range(3)}

    async def work(session: Any) -> None:
        repository, paginator = ProductRepository(session), Paginator(b"k" * 32)
        first = await repository.page(ProductQuery(limit=2, sort=sort), paginator)
        query = ProductQuery(limit=2, sort=sort, cursor=first.next_cursor)
        second = await repository.page(query, paginator)
        assert {row.id for row in (*first.items, *second.items)} == there
        assert (len(first.items), second.next_cursor) == (2, None)

    in_transaction(work)
