from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from ondol.db.pagination import Page
from ondol.db.sets import rows_of
from ondol.ownership import Owner
from ondol.repository import OwnedRepository
from sqlalchemy import Integer, Numeric, Uuid, bindparam, insert, select

from app.models import Order, OrderLine, User
from app.schemas.orders import CustomerSummary, OrderLineRead, OrderQuery, OrderRead, OrderStatus

# Built once: building a statement costs as much as running it. "raw": parameters are bound as given.
_CUSTOMER = bindparam("customer", type_=Uuid())
_PLACE = (
    insert(Order)
    .values(customer_id=_CUSTOMER, status=OrderStatus.PLACED, currency=bindparam("currency"), total=bindparam("total"))
    .returning(
        Order.id,
        Order.version,
        Order.created_at,
        select(User.full_name).where(User.id == _CUSTOMER).scalar_subquery(),
    )
    .execution_options(dml_strategy="raw")
)
_GIVEN = rows_of(product_id=Uuid(), position=Integer(), quantity=Integer(), unit_price=Numeric(12, 2))
_ADD_LINES = (
    insert(OrderLine)
    .from_select(["order_id", *_GIVEN.c.keys()], select(bindparam("order", type_=Uuid()), *_GIVEN.c))
    .execution_options(dml_strategy="raw")
)


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
        """Insert an order and all of its lines, in two statements."""
        values = {"customer": customer_id, "currency": currency, "total": total}
        order_id, version, created_at, name = (await self._session.execute(_PLACE, values)).one()
        lists = {
            "order": order_id,
            "given_product_id": [line.product_id for line in lines],
            "given_position": list(range(len(lines))),
            "given_quantity": [line.quantity for line in lines],
            "given_unit_price": [line.unit_price for line in lines],
        }
        await self._session.execute(_ADD_LINES, lists)
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
        """Return the ordered quantity of each product."""
        statement = select(OrderLine.product_id, OrderLine.quantity).where(OrderLine.order_id == order_id)
        return {row.product_id: row.quantity for row in await self._session.execute(statement)}
