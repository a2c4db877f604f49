from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from ondol.testing.factory import Maker
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.repositories.products import ProductRepository
from app.runtime import Runtime, UnitOfWork
from app.schemas.products import ProductQuery, ProductSort
from factories.products import PRODUCTS


def test_read(make: Maker, admin: Any, in_transaction: Callable[..., Any]) -> None:
    made_id = UUID(make(PRODUCTS, admin)["id"])

    async def act(work: UnitOfWork) -> None:
        repository = ProductRepository(work)
        found = await repository.read(made_id)
        assert found is not None
        assert found.id == made_id
        assert await repository.read(uuid4()) is None

    in_transaction(act)


def test_a_locked_one_makes_others_wait(
    make: Maker, admin: Any, runtime: Runtime, in_transaction: Callable[..., Any]
) -> None:
    made_id = UUID(make(PRODUCTS, admin)["id"])

    async def act(work: UnitOfWork) -> None:
        assert await ProductRepository(work).lock(made_id) is not None
        async with runtime.transaction() as second:
            await second.session.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(DBAPIError, match="lock timeout"):
                await ProductRepository(second).lock(made_id)
            await second.session.rollback()

    in_transaction(act)


@pytest.mark.parametrize("sort", ProductSort)
def test_each_sort_ends_in_the_id(
    make: Maker, admin: Any, in_transaction: Callable[..., Any], sort: ProductSort
) -> None:
    there = {UUID(make(PRODUCTS, admin)["id"]) for _ in range(3)}

    async def act(work: UnitOfWork) -> None:
        repository = ProductRepository(work)
        first = await repository.search(ProductQuery(limit=2, sort=sort))
        query = ProductQuery(limit=2, sort=sort, cursor=first.next_cursor)
        second = await repository.search(query)
        assert {row.id for row in (*first.items, *second.items)} == there
        assert (len(first.items), second.next_cursor) == (2, None)

    in_transaction(act)
