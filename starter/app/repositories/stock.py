from collections.abc import Iterable, Mapping
from uuid import UUID

from ondol.db.sets import rows_of
from sqlalchemy import ARRAY, Integer, Uuid, any_, bindparam, select, update

from app.models import Product
from app.runtime import UnitOfWork
from app.schemas.orders import ProductStock

# Built once: building a statement costs as much as running it.
_LOCK = (
    select(Product.id, Product.name, Product.price, Product.currency, Product.stock)
    .where(Product.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
    .order_by(Product.id)
    .with_for_update()
)
_GIVEN = rows_of(id=Uuid(), quantity=Integer())
_CHANGE = (
    update(Product)
    .where(Product.id == _GIVEN.c.id)
    .values(stock=Product.stock + _GIVEN.c.quantity, version=Product.version + 1)
    .execution_options(synchronize_session=False)
)


class StockRepository:
    """Stock changes by orders: many products in one statement."""

    def __init__(self, work: UnitOfWork) -> None:
        self._session = work.session

    async def lock(self, product_ids: Iterable[UUID]) -> dict[UUID, ProductStock]:
        """Return the products that exist, locked until the transaction ends.

        They are locked in the order of their ids, so that orders that share products cannot deadlock.
        """
        rows = await self._session.execute(_LOCK, {"ids": list(product_ids)})
        return {row.id: ProductStock.model_validate(row) for row in rows}

    async def change(self, changes: Mapping[UUID, int]) -> None:
        """Add `changes` to the stock of locked products; negative numbers reduce it."""
        await self._session.execute(_CHANGE, {"given_id": list(changes), "given_quantity": list(changes.values())})
