from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Order, OrderLine, Product, User

TOP = 10


class DashboardRepository:
    """Sums over all the shop."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def revenue(self, since: datetime) -> Sequence[Row[date, str, Decimal, int]]:
        day = func.date(func.timezone("UTC", Order.created_at)).label("day")
        statement = (
            select(day, Order.currency, func.sum(Order.total).label("revenue"), func.count().label("orders"))
            .where(Order.created_at >= since, Order.status == "placed")
            .group_by(day, Order.currency)
            .order_by(day, Order.currency)
        )
        return (await self._session.execute(statement)).all()

    async def best_sellers(self, since: datetime) -> Sequence[Row[UUID, str, int]]:
        sold = func.sum(OrderLine.quantity).label("sold")
        statement = (
            select(Product.id.label("product_id"), Product.name, sold)
            .join(OrderLine, OrderLine.product_id == Product.id)
            .join(Order, Order.id == OrderLine.order_id)
            .where(Order.created_at >= since, Order.status == "placed")
            .group_by(Product.id)
            .order_by(sold.desc(), Product.id)
            .limit(TOP)
        )
        return (await self._session.execute(statement)).all()

    async def low_stock(self, below: int) -> Sequence[Row[UUID, str, int]]:
        statement = (
            select(Product.id.label("product_id"), Product.name, Product.stock)
            .where(Product.stock < below)
            .order_by(Product.stock, Product.id)
            .limit(TOP)
        )
        return (await self._session.execute(statement)).all()

    async def new_customers(self, since: datetime) -> int:
        statement = select(func.count()).select_from(User).where(User.created_at >= since, User.role == "customer")
        return (await self._session.scalar(statement)) or 0
