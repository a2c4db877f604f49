from collections.abc import Iterable, Mapping
from uuid import UUID

from ondol.db.filters import contains
from ondol.db.pagination import Page
from ondol.db.sets import rows_of
from ondol.repository import Repository
from sqlalchemy import Integer, Uuid, or_, select, update

from app.models import Product
from app.schemas.products import ProductQuery, ProductRead, ProductSort, ProductStock

_ORDER = {
    ProductSort.NEWEST: (Product.created_at.desc(), Product.id.desc()),
    ProductSort.OLDEST: (Product.created_at, Product.id),
    ProductSort.NAME: (Product.name, Product.id),
    ProductSort.NAME_DESCENDING: (Product.name.desc(), Product.id.desc()),
    ProductSort.PRICE: (Product.price, Product.id),
    ProductSort.PRICE_DESCENDING: (Product.price.desc(), Product.id.desc()),
}


class ProductRepository(Repository[Product, ProductRead]):
    async def search(self, query: ProductQuery) -> Page[ProductRead]:
        statement = select(Product).order_by(*_ORDER[query.sort])
        if query.q is not None:
            statement = statement.where(or_(contains(Product.name, query.q), contains(Product.description, query.q)))
        if query.min_price is not None:
            statement = statement.where(Product.price >= query.min_price)
        if query.max_price is not None:
            statement = statement.where(Product.price <= query.max_price)
        if query.in_stock is not None:
            statement = statement.where(Product.stock > 0 if query.in_stock else Product.stock == 0)
        return await self.page(statement, query)

    async def lock_stock(self, product_ids: Iterable[UUID]) -> dict[UUID, ProductStock]:
        """Return the stock of those that exist, locked until the transaction ends.

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

    async def change_stock(self, changes: Mapping[UUID, int]) -> None:
        """Add to the stock of locked products, or take from it, in one statement."""
        given = rows_of(id=(Uuid(), list(changes)), quantity=(Integer(), list(changes.values())))
        await self._session.execute(
            update(Product)
            .where(Product.id == given.c.id)
            .values(stock=Product.stock + given.c.quantity, version=Product.version + 1)
            .execution_options(synchronize_session=False)
        )
