from collections.abc import Collection
from functools import partial
from uuid import UUID

from ondol import NotFound
from ondol.db.pagination import Page
from ondol.money import InvalidAmount, fits, places
from pydantic import MISSING

from app.models import Product
from app.repositories.products import ProductRepository
from app.runtime import UnitOfWork
from app.schemas.products import ProductCreate, ProductQuery, ProductRead, ProductUpdate


class ProductNotFound(NotFound):
    code = "product_not_found"
    detail = "There is no such product."


def product_tag(product_id: UUID) -> str:
    """Return the tag of all cache entries about a product."""
    return f"product:{product_id}"


class ProductService:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._products = ProductRepository(work)

    async def get(self, product_id: UUID) -> ProductRead:
        """Return a product, from the cache if possible. Raises ProductNotFound."""
        tag, load = product_tag(product_id), partial(self._products.read, product_id)
        seconds = self._work.settings.shop.product_cache_seconds
        # In memory too: another process may serve the old price for milliseconds, until the invalidation reaches it.
        product = await self._work.cached(tag, load, ProductRead, seconds=seconds, memory_seconds=seconds, tags=[tag])
        if product is None:
            raise ProductNotFound
        return product

    async def page(self, query: ProductQuery) -> Page[ProductRead]:
        return await self._products.search(query)

    async def create(self, data: ProductCreate) -> ProductRead:
        product = Product(**data.model_dump())
        await self._products.add(product)
        return ProductRead.model_validate(product)

    async def update(
        self, product_id: UUID, data: ProductUpdate, *, expected_versions: Collection[int] | None = None
    ) -> ProductRead:
        """Change the given fields. Raises ProductNotFound, PreconditionFailed, InvalidAmount."""
        product = await self._lock(product_id, expected_versions)
        if data.price is not MISSING and not fits(data.price, product.currency):
            raise InvalidAmount(currency=product.currency, decimal_places=places(product.currency))
        await self._products.change(product, data.model_dump())
        self._work.invalidate(product_tag(product_id))
        return ProductRead.model_validate(product)

    async def delete(self, product_id: UUID, *, expected_versions: Collection[int] | None = None) -> None:
        """Delete a product. Raises ProductNotFound, PreconditionFailed, StillReferenced."""
        await self._products.delete(await self._lock(product_id, expected_versions))
        self._work.invalidate(product_tag(product_id))

    async def _lock(self, product_id: UUID, expected_versions: Collection[int] | None) -> Product:
        product = await self._products.lock(product_id)
        if product is None:
            raise ProductNotFound
        product.require_version(expected_versions)
        return product
