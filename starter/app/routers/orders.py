from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, Security, status
from ondol import PreconditionFailed
from ondol.auth.caller import Caller
from ondol.db.pagination import InvalidCursor, Page
from ondol.web.conditional import ExpectedVersions, InvalidPrecondition, with_etag
from ondol.web.idempotency import IDEMPOTENCY_PROBLEMS, IdempotentRoute, idempotency_key
from ondol.web.problems import problem_responses
from ondol.web.unit_of_work import in_transaction, read_only

from app.access import current_user
from app.schemas.orders import OrderCreate, OrderQuery, OrderRead
from app.scopes import Scope
from app.services.orders import MixedCurrencies, OrderNotFound, OrderService, OutOfStock, UnknownProducts

router = APIRouter(prefix="/orders", tags=["orders"], route_class=IdempotentRoute)

WRITER = Security(current_user, scopes=[Scope.ORDERS_WRITE])
Writer = Annotated[Caller, WRITER]
Reader = Annotated[Caller, Security(current_user, scopes=[Scope.ORDERS_READ])]
Orders = Annotated[OrderService, Depends(in_transaction(OrderService))]
ReadOnlyOrders = Annotated[OrderService, Depends(read_only(OrderService))]


@router.post(
    "",
    name="create",
    status_code=status.HTTP_201_CREATED,
    dependencies=[idempotency_key(WRITER)],
    responses=problem_responses(OutOfStock, UnknownProducts, MixedCurrencies, *IDEMPOTENCY_PROBLEMS),
)
async def place_order(data: OrderCreate, user: Writer, orders: Orders, response: Response) -> OrderRead:
    """Place an order: all of its lines or none. Prices are those of the catalogue. A receipt follows by e-mail."""
    order = await orders.place(user.user_id, data)
    response.headers["Location"] = f"/api/v1/orders/{order.id}"
    return _tagged(response, order)


@router.get("", name="list", responses=problem_responses(InvalidCursor))
async def list_orders(query: Annotated[OrderQuery, Query()], user: Reader, orders: ReadOnlyOrders) -> Page[OrderRead]:
    """List your own orders, newest first."""
    return await orders.page(user.user_id, query)


@router.get("/{order_id}", name="get", responses=problem_responses(OrderNotFound))
async def get_order(order_id: UUID, user: Reader, orders: ReadOnlyOrders, response: Response) -> OrderRead:
    """Return one of your orders with its lines, products and customer."""
    return _tagged(response, await orders.get(user.user_id, order_id))


@router.post(
    "/{order_id}/cancel",
    name="cancel",
    responses=problem_responses(OrderNotFound, PreconditionFailed, InvalidPrecondition),
)
async def cancel_order(
    order_id: UUID, user: Writer, orders: Orders, expected_versions: ExpectedVersions, response: Response
) -> OrderRead:
    """Cancel an order and restore its stock. Cancelling it again changes nothing."""
    return _tagged(response, await orders.cancel(user.user_id, order_id, expected_versions=expected_versions))


def _tagged(response: Response, order: OrderRead) -> OrderRead:
    names = (line.product.name for line in order.lines)
    return with_etag(response, order, order.customer.full_name, *names)
