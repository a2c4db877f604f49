from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Security, status
from ondol.auth.caller import Caller
from ondol.db.pagination import InvalidCursor, Page
from ondol.web.problems import problem_responses
from ondol.web.unit_of_work import in_transaction, read_only

from app.access import current_user
from app.schemas.orders import OrderCreate, OrderQuery, OrderRead
from app.scopes import Scope
from app.services.orders import MixedCurrencies, OrderNotFound, OrderService, OutOfStock, UnknownProducts

router = APIRouter(prefix="/orders", tags=["orders"])

Reader = Annotated[Caller, Security(current_user, scopes=[Scope.ORDERS_READ])]
Writer = Annotated[Caller, Security(current_user, scopes=[Scope.ORDERS_WRITE])]
Orders = Annotated[OrderService, Depends(in_transaction(OrderService))]
ReadOnlyOrders = Annotated[OrderService, Depends(read_only(OrderService))]


@router.post(
    "",
    name="create",
    status_code=status.HTTP_201_CREATED,
    responses=problem_responses(OutOfStock, UnknownProducts, MixedCurrencies),
)
async def place_order(data: OrderCreate, user: Writer, orders: Orders) -> OrderRead:
    """Order several products: all of them or none. Prices are the shop's; a receipt follows by e-mail."""
    return await orders.place(user.user_id, data)


@router.get("", name="list", responses=problem_responses(InvalidCursor))
async def list_orders(query: Annotated[OrderQuery, Query()], user: Reader, orders: ReadOnlyOrders) -> Page[OrderRead]:
    """One's own orders, newest first."""
    return await orders.page(user.user_id, query)


@router.get("/{order_id}", name="get", responses=problem_responses(OrderNotFound))
async def get_order(order_id: UUID, user: Reader, orders: ReadOnlyOrders) -> OrderRead:
    """One order with its lines, products and customer."""
    return await orders.get(user.user_id, order_id)


@router.post("/{order_id}/cancel", name="cancel", responses=problem_responses(OrderNotFound))
async def cancel_order(order_id: UUID, user: Writer, orders: Orders) -> OrderRead:
    """Cancel an order: its stock comes back, once."""
    return await orders.cancel(user.user_id, order_id)
