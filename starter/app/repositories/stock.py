from collections.abc import Iterable, Mapping
from uuid import UUID

from ondol.db.sets import rows_of
from sqlalchemy import Integer, Uuid, select, update

from app.models import Product
from app.runtime import UnitOfWork
from app.schemas.orders import ProductStock


class StockRepository:
    """What orders do to products: many at once, each in one statement."""

    def __init__(self, work: UnitOfWork) -> None:
        self._session = work.session

    async def lock(self, product_ids: Iterable[UUID]) -> dict[UUID, ProductStock]:
        """Return those products that exist, locked until the transaction ends.

        They are locked in the order of their ids: two orders that share products never wait in a circle.
        """
        statement = (
            select(Product.id, Product.name, Product.price, Product.currency, Product.stock)
            .where(Product.id.in_(product_ids))
            .order_by(Product.id)
            .with_for_update()
        )
        rows = await self._session.execute(statement)
        return {row.id: ProductStock.model_validate(row) for row in rows}

    async def change(self, changes: Mapping[UUID, int]) -> None:
        """Add to the stock of locked products, or take from it."""
        given = rows_of(id=(Uuid(), list(changes)), quantity=(Integer(), list(changes.values())))
        await self._session.execute(
            update(Product)
            .where(Product.id == given.c.id)
            .values(stock=Product.stock + given.c.quantity, version=Product.version + 1)
            .execution_options(synchronize_session=False)
        )
