from decimal import Decimal
from uuid import UUID

from ondol.db.base import HasId, HasTimes, HasVersion
from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Model
from app.models.products import Product
from app.models.users import User


class Order(HasId, HasTimes, HasVersion, Model):
    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_customer_id_id", "customer_id", "id"),
        Index("ix_orders_created_at", "created_at"),
    )

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str] = mapped_column(String(20), default="placed")
    total: Mapped[Decimal] = mapped_column(Numeric(20, 2))
    currency: Mapped[str] = mapped_column(String(3))

    # lazy="raise": reading an unloaded relationship is an error, not an additional query for each row.
    customer: Mapped[User] = relationship(lazy="raise")
    lines: Mapped[list["OrderLine"]] = relationship(lazy="raise", order_by="OrderLine.position")


class OrderLine(Model):
    """A line of an order, with the price of the product at the time of the order."""

    __tablename__ = "order_lines"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"), primary_key=True, index=True)
    position: Mapped[int]
    quantity: Mapped[int]
    unit_price: Mapped[Decimal] = mapped_column(Numeric(12, 2))

    product: Mapped[Product] = relationship(lazy="raise")
