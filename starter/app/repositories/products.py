from collections.abc import Iterable, Sequence
from uuid import UUID

from ondol.db.filters import contains
from ondol.db.pagination import PageRows, Paginator
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Product
from app.schemas.products import ProductQuery, ProductSort

_ORDER = {
    ProductSort.NEWEST: (Product.created_at.desc(), Product.id.desc()),
    ProductSort.OLDEST: (Product.created_at, Product.id),
    ProductSort.NAME: (Product.name, Product.id),
    ProductSort.NAME_DESCENDING: (Product.name.desc(), Product.id.desc()),
    ProductSort.PRICE: (Product.price, Product.id),
    ProductSort.PRICE_DESCENDING: (Product.price.desc(), Product.id.desc()),
}


class ProductRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, product_id: UUID) -> Product | None:
        return await self._session.get(Product, product_id)

    async def get_locked(self, product_id: UUID) -> Product | None:
        """The product, locked until the transaction ends."""
        return await self._session.get(Product, product_id, with_for_update=True, populate_existing=True)

    async def lock_many(self, product_ids: Iterable[UUID]) -> Sequence[Product]:
        """Those that exist, locked in the order of their ids: two orders that share products never wait in a circle."""
        statement = select(Product).where(Product.id.in_(product_ids)).order_by(Product.id).with_for_update()
        # What was read before the lock may be old by now.
        return (await self._session.scalars(statement.execution_options(populate_existing=True))).all()

    async def page(self, query: ProductQuery, paginator: Paginator) -> PageRows[Product]:
        statement = select(Product).order_by(*_ORDER[query.sort])
        if query.q is not None:
            statement = statement.where(or_(contains(Product.name, query.q), contains(Product.description, query.q)))
        if query.min_price is not None:
            statement = statement.where(Product.price >= query.min_price)
        if query.max_price is not None:
            statement = statement.where(Product.price <= query.max_price)
        if query.in_stock is not None:
            statement = statement.where(Product.stock > 0 if query.in_stock else Product.stock == 0)
        return await paginator.page(self._session, statement, query)

    async def add(self, product: Product) -> None:
        self._session.add(product)
        await self._session.flush()

    async def delete(self, product: Product) -> None:
        await self._session.delete(product)
        await self._session.flush()
