from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from ondol import NotFound, PreconditionFailed
from ondol.cache import Cache
from ondol.db.pagination import PageRows, Paginator
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Product
from app.repositories.products import ProductRepository
from app.schemas.products import ProductCreate, ProductQuery, ProductRead, ProductUpdate


class ProductNotFound(NotFound):
    code = "product_not_found"
    detail = "There is no such product."


def product_tag(product_id: UUID) -> str:
    """What everything cached about a product is tagged with."""
    return f"product:{product_id}"


class ProductService:
    def __init__(self, session: AsyncSession, cache: Cache, *, cache_seconds: float = 60) -> None:
        self._session = session
        self._cache = cache
        self._cache_seconds = cache_seconds
        self._products = ProductRepository(session)

    async def get(self, product_id: UUID) -> ProductRead:
        tag = product_tag(product_id)
        found = await self._cache.get(
            tag, self._loader(product_id), ProductRead, seconds=self._cache_seconds, tags=[tag]
        )
        if found is None:
            raise ProductNotFound
        return found

    async def page(self, query: ProductQuery, paginator: Paginator) -> PageRows[Product]:
        return await self._products.page(query, paginator)

    async def create(self, data: ProductCreate) -> Product:
        product = Product(**data.model_dump())
        await self._products.add(product)
        return product

    async def update(
        self, product_id: UUID, data: ProductUpdate, *, expected_versions: Collection[int] | None = None
    ) -> Product:
        product = await self._locked(product_id, expected_versions)
        for name, value in data.model_dump().items():
            setattr(product, name, value)
        await self._session.flush()
        return product

    async def delete(self, product_id: UUID, *, expected_versions: Collection[int] | None = None) -> None:
        await self._products.delete(await self._locked(product_id, expected_versions))

    async def _locked(self, product_id: UUID, expected_versions: Collection[int] | None) -> Product:
        """The product, about to change."""
        product = await self._products.get_locked(product_id)
        if product is None:
            raise ProductNotFound
        if expected_versions is not None and product.version not in expected_versions:
            raise PreconditionFailed
        self._cache.invalidate(self._session, product_tag(product_id))
        return product

    def _loader(self, product_id: UUID) -> Callable[[], Awaitable[ProductRead | None]]:
        async def load() -> ProductRead | None:
            product = await self._products.get(product_id)
            return ProductRead.model_validate(product) if product else None

        return load
