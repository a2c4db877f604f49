from uuid import UUID

from ondol.db.pagination import PageRows, Paginator
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from app.models import Order, OrderLine
from app.schemas.orders import OrderQuery


class OrderRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, order_id: UUID, *, customer_id: UUID | None = None) -> Order | None:
        """The order with its customer, lines and products, in two statements; of `customer_id` alone if given."""
        statement = _complete(select(Order).where(Order.id == order_id))
        if customer_id is not None:
            statement = statement.where(Order.customer_id == customer_id)
        return await self._session.scalar(statement)

    async def get_locked(self, order_id: UUID, *, customer_id: UUID) -> Order | None:
        statement = select(Order).where(Order.id == order_id, Order.customer_id == customer_id)
        return await self._session.scalar(_complete(statement).with_for_update(of=Order))

    async def page(self, query: OrderQuery, paginator: Paginator, *, customer_id: UUID) -> PageRows[Order]:
        statement = _complete(select(Order).where(Order.customer_id == customer_id).order_by(Order.id.desc()))
        if query.status is not None:
            statement = statement.where(Order.status == query.status)
        return await paginator.page(self._session, statement, query, bound_to=str(customer_id))

    async def add(self, order: Order) -> None:
        self._session.add(order)
        await self._session.flush()


def _complete(statement: Select[Order]) -> Select[Order]:
    lines = selectinload(Order.lines).joinedload(OrderLine.product)
    return statement.options(joinedload(Order.customer, innerjoin=True), lines)
