from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, status
from ondol.db.pagination import InvalidCursor, Page
from ondol.web.problems import problem_responses

from app.dependencies import OrderReadServiceDep, OrderServiceDep, OrdersReader, OrdersWriter, PaginatorDep
from app.schemas.orders import OrderCreate, OrderQuery, OrderRead
from app.services.orders import MixedCurrencies, OrderNotFound, OutOfStock, UnknownProducts

router = APIRouter(prefix="/orders", tags=["orders"])


@router.post(
    "",
    name="create",
    response_model=OrderRead,
    status_code=status.HTTP_201_CREATED,
    responses=problem_responses(OutOfStock, UnknownProducts, MixedCurrencies),
)
async def place_order(data: OrderCreate, user: OrdersWriter, orders: OrderServiceDep) -> Any:
    """Order several products: all of them or none. Prices are the shop's; a receipt follows by e-mail."""
    return await orders.place(user.user_id, data)


@router.get("", name="list", response_model=Page[OrderRead], responses=problem_responses(InvalidCursor))
async def list_orders(
    query: Annotated[OrderQuery, Query()],
    user: OrdersReader,
    orders: OrderReadServiceDep,
    paginator: PaginatorDep,
) -> Any:
    """One's own orders, newest first."""
    return await orders.page(query, paginator, customer_id=user.user_id)


@router.get("/{order_id}", name="get", response_model=OrderRead, responses=problem_responses(OrderNotFound))
async def get_order(order_id: UUID, user: OrdersReader, orders: OrderReadServiceDep) -> Any:
    """One order with its lines, products and customer."""
    return await orders.get(order_id, user.user_id)


@router.post("/{order_id}/cancel", name="cancel", response_model=OrderRead, responses=problem_responses(OrderNotFound))
async def cancel_order(order_id: UUID, user: OrdersWriter, orders: OrderServiceDep) -> Any:
    """Cancel an order: its stock comes back, once."""
    return await orders.cancel(order_id, user.user_id)
