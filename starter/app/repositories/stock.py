from collections.abc import Mapping
from uuid import UUID

from ondol.db.sets import rows_of
from sqlalchemy import Integer, Uuid, select, update

from app.models import Product
from app.runtime import UnitOfWork
from app.schemas.orders import ProductStock

# One statement, built once: building it costs as much as running it. The products are locked in the order of their ids,
# so that orders that share products cannot deadlock.
_GIVEN = rows_of(id=Uuid(), quantity=Integer())
_LOCKED = (
    select(Product.id, Product.name, Product.price, Product.currency, Product.stock, _GIVEN.c.quantity)
    .join(_GIVEN, Product.id == _GIVEN.c.id)
    .order_by(Product.id)
    .with_for_update(of=Product)
    .cte("locked")
)
_STOCK = _LOCKED.c.stock + _LOCKED.c.quantity
_CHANGED = (
    update(Product)
    .where(Product.id == _LOCKED.c.id, _STOCK >= 0)
    .values(stock=_STOCK, version=Product.version + 1)
    .cte("changed")
)
_CHANGE = select(_LOCKED).add_cte(_CHANGED)


class StockRepository:
    """Stock changes by orders: many products in one statement."""

    def __init__(self, work: UnitOfWork) -> None:
        self._session = work.session

    async def change(self, changes: Mapping[UUID, int]) -> dict[UUID, ProductStock]:
        """Add `changes` to the stock of the products; negative numbers reduce it. They stay locked until the
        transaction ends.

        Returns the products that exist as they were before. One with too little stock is not changed.
        """
        given = {"given_id": list(changes), "given_quantity": list(changes.values())}
        rows = await self._session.execute(_CHANGE, given)
        return {row.id: ProductStock.model_validate(row) for row in rows}
