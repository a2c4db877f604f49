from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from ondol.money import IN_CURRENCY

from app.schemas.base import Output


class DayRevenue(Output):
    day: date
    currency: str
    revenue: Annotated[Decimal, IN_CURRENCY]
    orders: int


class BestSeller(Output):
    product_id: UUID
    name: str
    sold: int


class LowStock(Output):
    product_id: UUID
    name: str
    stock: int


class Dashboard(Output):
    """Sales figures of the last 30 days, by day in TIME_ZONE."""

    revenue: list[DayRevenue]
    best_sellers: list[BestSeller]
    low_stock: list[LowStock]
    new_customers: int
    as_of: datetime
