from datetime import datetime

from sqlalchemy import func, select

from app.models import Order, OrderLine, Product, User
from app.runtime import UnitOfWork
from app.schemas.dashboard import BestSeller, DayRevenue, LowStock

TOP = 10


class DashboardRepository:
    """Sales figures over all orders and products."""

    def __init__(self, work: UnitOfWork) -> None:
        self._session, self._zone = work.session, work.settings.time_zone

    async def revenue(self, since: datetime) -> list[DayRevenue]:
        day = func.date(func.timezone(self._zone, Order.created_at)).label("day")
        statement = (
            select(day, Order.currency, func.sum(Order.total).label("revenue"), func.count().label("orders"))
            .where(Order.created_at >= since, Order.status == "placed")
            .group_by(day, Order.currency)
            .order_by(day, Order.currency)
        )
        return [DayRevenue.model_validate(row) for row in await self._session.execute(statement)]

    async def best_sellers(self, since: datetime) -> list[BestSeller]:
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
        return [BestSeller.model_validate(row) for row in await self._session.execute(statement)]

    async def low_stock(self, below: int) -> list[LowStock]:
        statement = (
            select(Product.id.label("product_id"), Product.name, Product.stock)
            .where(Product.stock < below)
            .order_by(Product.stock, Product.id)
            .limit(TOP)
        )
        return [LowStock.model_validate(row) for row in await self._session.execute(statement)]

    async def new_customers(self, since: datetime) -> int:
        statement = select(func.count()).select_from(User).where(User.created_at >= since, User.role == "customer")
        return (await self._session.scalar(statement)) or 0
