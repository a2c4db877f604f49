from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from ondol import PreconditionFailed
from ondol.testing.factory import Maker

from app.runtime import UnitOfWork
from app.schemas.products import ProductCreate, ProductUpdate
from app.services.products import ProductNotFound, ProductService
from factories.products import PRODUCTS


def test_a_stale_version_changes_nothing(make: Maker, admin: Any, in_transaction: Callable[..., Any]) -> None:
    made_id = UUID(make(PRODUCTS, admin)["id"])

    async def act(work: UnitOfWork) -> None:
        service = ProductService(work)
        with pytest.raises(PreconditionFailed):
            await service.update(made_id, ProductUpdate(), expected_versions={2})
        with pytest.raises(PreconditionFailed):
            await service.delete(made_id, expected_versions={2})
        await service.delete(made_id, expected_versions={1})
        with pytest.raises(ProductNotFound):
            await service.delete(made_id)

    in_transaction(act)


def test_what_a_transaction_reads_is_for_it_alone(
    client: TestClient, make: Maker, admin: Any, in_transaction: Callable[..., Any]
) -> None:
    made = make(PRODUCTS, admin)
    made_id = UUID(made["id"])

    async def fail(work: UnitOfWork) -> None:
        products = ProductService(work)
        await products.update(made_id, ProductUpdate(name="never committed"))
        assert (await products.get(made_id)).name == "never committed"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_transaction(fail)
    assert client.get(f"/api/v1/products/{made_id}").json()["name"] == made["name"]


def test_what_was_made_in_a_transaction_that_failed_is_gone(
    make: Maker, admin: Any, in_transaction: Callable[..., Any]
) -> None:
    data = ProductCreate.model_validate(make.body(PRODUCTS, admin))
    ids: list[UUID] = []

    async def fail(work: UnitOfWork) -> None:
        service = ProductService(work)
        ids.append((await service.create(data)).id)
        raise ZeroDivisionError

    async def look(work: UnitOfWork) -> None:
        with pytest.raises(ProductNotFound):
            await ProductService(work).get(ids[0])

    with pytest.raises(ZeroDivisionError):
        in_transaction(fail)
    in_transaction(look)
