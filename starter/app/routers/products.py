from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from ondol.db.constraints import StillReferenced
from ondol.db.pagination import InvalidCursor, Page
from ondol.errors import PreconditionFailed
from ondol.web.conditional import InvalidPrecondition, etag
from ondol.web.problems import problem_responses

from app.dependencies import (
    ExpectedVersions,
    PaginatorDep,
    ProductReadServiceDep,
    ProductServiceDep,
    ProductsWriter,
)
from app.schemas.products import ProductCreate, ProductQuery, ProductRead, ProductUpdate
from app.services.products import ProductNotFound

router = APIRouter(prefix="/products", tags=["products"])


@router.get("", name="list", response_model=Page[ProductRead], responses=problem_responses(InvalidCursor))
async def list_products(
    query: Annotated[ProductQuery, Query()], products: ProductReadServiceDep, paginator: PaginatorDep
) -> Any:
    """Products, page by page."""
    return await products.page(query, paginator)


@router.post("", name="create", response_model=ProductRead, status_code=status.HTTP_201_CREATED)
async def create_product(
    data: ProductCreate, products: ProductServiceDep, _: ProductsWriter, response: Response
) -> Any:
    """Add a product."""
    product = await products.create(data)
    response.headers["ETag"] = etag(product.version)
    response.headers["Location"] = f"/api/v1/products/{product.id}"
    return product


@router.get("/{product_id}", name="get", response_model=ProductRead, responses=problem_responses(ProductNotFound))
async def get_product(product_id: UUID, products: ProductReadServiceDep, response: Response) -> Any:
    """One product. Hot ones come from the cache."""
    product = await products.get(product_id)
    response.headers["ETag"] = etag(product.version)
    return product


@router.patch(
    "/{product_id}",
    name="update",
    response_model=ProductRead,
    responses=problem_responses(ProductNotFound, PreconditionFailed, InvalidPrecondition),
)
async def update_product(
    product_id: UUID,
    data: ProductUpdate,
    products: ProductServiceDep,
    expected_versions: ExpectedVersions,
    _: ProductsWriter,
    response: Response,
) -> Any:
    """Change some fields. With `If-Match`, only if nobody else did meanwhile."""
    product = await products.update(product_id, data, expected_versions=expected_versions)
    response.headers["ETag"] = etag(product.version)
    return product


@router.delete(
    "/{product_id}",
    name="delete",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(ProductNotFound, PreconditionFailed, InvalidPrecondition, StillReferenced),
)
async def delete_product(
    product_id: UUID, products: ProductServiceDep, expected_versions: ExpectedVersions, _: ProductsWriter
) -> None:
    """Remove a product that nobody ever ordered."""
    await products.delete(product_id, expected_versions=expected_versions)
