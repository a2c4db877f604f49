from ondol.db.filters import contains
from ondol.db.pagination import Page
from ondol.repository import Repository
from sqlalchemy import or_, select

from app.models import Product
from app.schemas.products import ProductQuery, ProductRead, ProductSort

_ORDER = {
    ProductSort.NEWEST: (Product.created_at.desc(), Product.id.desc()),
    ProductSort.OLDEST: (Product.created_at, Product.id),
    ProductSort.NAME: (Product.name, Product.id),
    ProductSort.NAME_DESCENDING: (Product.name.desc(), Product.id.desc()),
    ProductSort.PRICE: (Product.price, Product.id),
    ProductSort.PRICE_DESCENDING: (Product.price.desc(), Product.id.desc()),
}
_SORTED = {sort: select(Product).order_by(*order) for sort, order in _ORDER.items()}


class ProductRepository(Repository[Product, ProductRead]):
    async def search(self, query: ProductQuery) -> Page[ProductRead]:
        statement = _SORTED[query.sort]
        if query.q is not None:
            statement = statement.where(or_(contains(Product.name, query.q), contains(Product.description, query.q)))
        if query.min_price is not None:
            statement = statement.where(Product.price >= query.min_price)
        if query.max_price is not None:
            statement = statement.where(Product.price <= query.max_price)
        if query.in_stock is not None:
            statement = statement.where(Product.stock > 0 if query.in_stock else Product.stock == 0)
        return await self.page(statement, query)
