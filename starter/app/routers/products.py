from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, Security, status
from ondol.auth.caller import Caller
from ondol.db.constraints import StillReferenced
from ondol.db.pagination import InvalidCursor, Page
from ondol.errors import PreconditionFailed
from ondol.money import InvalidAmount
from ondol.web.conditional import ExpectedVersions, InvalidPrecondition, with_etag
from ondol.web.problems import problem_responses
from ondol.web.unit_of_work import in_transaction, read_only

from app.access import current_user
from app.schemas.products import ProductCreate, ProductQuery, ProductRead, ProductUpdate
from app.scopes import Scope
from app.services.products import ProductNotFound, ProductService

router = APIRouter(prefix="/products", tags=["products"])

Writer = Annotated[Caller, Security(current_user, scopes=[Scope.PRODUCTS_WRITE])]
Products = Annotated[ProductService, Depends(in_transaction(ProductService))]
ReadOnlyProducts = Annotated[ProductService, Depends(read_only(ProductService))]
CHANGES = problem_responses(ProductNotFound, PreconditionFailed, InvalidPrecondition)


@router.get("", name="list", responses=problem_responses(InvalidCursor))
async def list_products(query: Annotated[ProductQuery, Query()], products: ReadOnlyProducts) -> Page[ProductRead]:
    """List products, page by page."""
    return await products.page(query)


@router.post("", name="create", status_code=status.HTTP_201_CREATED)
async def create_product(data: ProductCreate, user: Writer, products: Products, response: Response) -> ProductRead:
    """Add a product."""
    product = await products.create(data)
    response.headers["Location"] = f"/api/v1/products/{product.id}"
    return with_etag(response, product)


@router.get("/{product_id}", name="get", responses=problem_responses(ProductNotFound))
async def get_product(product_id: UUID, products: ReadOnlyProducts, response: Response) -> ProductRead:
    """Return a product. It may come from the cache."""
    return with_etag(response, await products.get(product_id))


@router.patch("/{product_id}", name="update", responses=CHANGES | problem_responses(InvalidAmount))
async def update_product(
    product_id: UUID,
    data: ProductUpdate,
    user: Writer,
    products: Products,
    expected_versions: ExpectedVersions,
    response: Response,
) -> ProductRead:
    """Change the given fields. If `If-Match` names an outdated version, nothing changes (412)."""
    product = await products.update(product_id, data, expected_versions=expected_versions)
    return with_etag(response, product)


@router.delete(
    "/{product_id}",
    name="delete",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=CHANGES | problem_responses(StillReferenced),
)
async def delete_product(
    product_id: UUID, user: Writer, products: Products, expected_versions: ExpectedVersions
) -> None:
    """Delete a product. One that was ever ordered cannot be deleted (409)."""
    await products.delete(product_id, expected_versions=expected_versions)
