from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from ondol.db.pagination import Page
from ondol.db.sets import rows_of
from ondol.ownership import Owner
from ondol.repository import OwnedRepository
from sqlalchemy import Integer, Numeric, Uuid, bindparam, insert, select
from uuid_utils.compat import uuid7

from app.models import Order, OrderLine, User
from app.schemas.orders import CustomerSummary, OrderLineRead, OrderQuery, OrderRead, OrderStatus

# One statement, built once: building it costs as much as running it. The foreign keys are checked at its end.
_ORDER = bindparam("order", type_=Uuid())
_PLACED = (
    insert(Order)
    .values(
        id=_ORDER,
        customer_id=bindparam("customer"),
        status=OrderStatus.PLACED,
        total=bindparam("total"),
        currency=bindparam("currency"),
        version=1,
    )
    .returning(Order.customer_id, Order.created_at)
    .cte("placed")
)
_GIVEN = rows_of(product_id=Uuid(), position=Integer(), quantity=Integer(), unit_price=Numeric(12, 2))
_LINES = insert(OrderLine).from_select(["order_id", *_GIVEN.c.keys()], select(_ORDER, *_GIVEN.c)).cte("added")
_PLACE = select(_PLACED.c.created_at, User.full_name).join(User, User.id == _PLACED.c.customer_id).add_cte(_LINES)


class OrderRepository(OwnedRepository[Order, OrderRead]):
    owner_column = Order.customer_id

    async def search(self, customer: Owner, query: OrderQuery) -> Page[OrderRead]:
        """Return a page of the customer's orders, newest first."""
        statement = select(Order).order_by(Order.id.desc())
        if query.status is not None:
            statement = statement.where(Order.status == query.status)
        return await self.page(customer, statement, query)

    async def place(
        self, customer_id: UUID, currency: str, total: Decimal, lines: Sequence[OrderLineRead]
    ) -> OrderRead:
        """Insert an order and all of its lines, in one statement."""
        order_id = uuid7()
        values = {
            "order": order_id,
            "customer": customer_id,
            "total": total,
            "currency": currency,
            "given_product_id": [line.product_id for line in lines],
            "given_position": list(range(len(lines))),
            "given_quantity": [line.quantity for line in lines],
            "given_unit_price": [line.unit_price for line in lines],
        }
        created_at, name = (await self._session.execute(_PLACE, values)).one()
        return OrderRead(
            id=order_id,
            version=1,
            created_at=created_at,
            status=OrderStatus.PLACED,
            total=total,
            currency=currency,
            lines=list(lines),
            customer=CustomerSummary(id=customer_id, full_name=name),
        )

    async def quantities(self, order_id: UUID) -> dict[UUID, int]:
        """Return the ordered quantity of each product."""
        statement = select(OrderLine.product_id, OrderLine.quantity).where(OrderLine.order_id == order_id)
        return {row.product_id: row.quantity for row in await self._session.execute(statement)}
