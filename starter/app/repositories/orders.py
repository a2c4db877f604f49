from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from ondol.db.pagination import Page
from ondol.db.sets import rows_of
from ondol.ownership import Owner
from ondol.repository import OwnedRepository
from sqlalchemy import Integer, Numeric, Uuid, insert, literal, select

from app.models import Order, OrderLine, User
from app.schemas.orders import CustomerSummary, OrderLineRead, OrderQuery, OrderRead, OrderStatus


class OrderRepository(OwnedRepository[Order, OrderRead]):
    owner_column = Order.customer_id

    async def search(self, customer: Owner, query: OrderQuery) -> Page[OrderRead]:
        """Newest first."""
        statement = select(Order).order_by(Order.id.desc())
        if query.status is not None:
            statement = statement.where(Order.status == query.status)
        return await self.page(customer, statement, query)

    async def place(
        self, customer_id: UUID, currency: str, total: Decimal, lines: Sequence[OrderLineRead]
    ) -> OrderRead:
        """Insert an order and its lines, in two statements whatever their number."""
        values = {"customer_id": customer_id, "status": OrderStatus.PLACED, "currency": currency, "total": total}
        full_name = select(User.full_name).where(User.id == customer_id).scalar_subquery()
        made = insert(Order).values(values).returning(Order.id, Order.version, Order.created_at, full_name)
        order_id, version, created_at, name = (await self._session.execute(made)).one()
        given = rows_of(
            product_id=(Uuid(), [line.product_id for line in lines]),
            position=(Integer(), range(len(lines))),
            quantity=(Integer(), [line.quantity for line in lines]),
            unit_price=(Numeric(12, 2), [line.unit_price for line in lines]),
        )
        columns = ["order_id", *given.c.keys()]
        rows = select(literal(order_id, Uuid()), *given.c)
        await self._session.execute(insert(OrderLine).from_select(columns, rows))
        return OrderRead(
            id=order_id,
            version=version,
            created_at=created_at,
            status=OrderStatus.PLACED,
            total=total,
            currency=currency,
            lines=list(lines),
            customer=CustomerSummary(id=customer_id, full_name=name),
        )

    async def quantities(self, order_id: UUID) -> dict[UUID, int]:
        """Return how many of each product an order has."""
        statement = select(OrderLine.product_id, OrderLine.quantity).where(OrderLine.order_id == order_id)
        return {row.product_id: row.quantity for row in await self._session.execute(statement)}
