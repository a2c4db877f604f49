from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from ondol.db.pagination import PageQuery
from ondol.money import IN_CURRENCY, in_currency
from ondol.types import NumberOnly
from pydantic import AfterValidator, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.base import Input, Output

MAX_LINES = 50


class OrderStatus(StrEnum):
    PLACED = "placed"
    CANCELLED = "cancelled"


class OrderLineCreate(Input):
    product_id: UUID
    quantity: Annotated[int, Field(ge=1, le=1_000, examples=[2]), NumberOnly]


class OrderCreate(Input):
    lines: Annotated[list[OrderLineCreate], Field(min_length=1, max_length=MAX_LINES)]

    @model_validator(mode="after")
    def _each_product_once(self) -> Self:
        if len({line.product_id for line in self.lines}) < len(self.lines):
            raise PydanticCustomError("repeated_product", "Each product may appear in one line only.")
        return self


class ProductSummary(Output):
    id: UUID
    name: str


class ProductStock(ProductSummary):
    """The fields of a product that placing an order needs."""

    price: Decimal
    currency: str
    stock: int


class CustomerSummary(Output):
    id: UUID
    full_name: str


class OrderLineRead(Output):
    product_id: UUID
    quantity: int
    unit_price: Decimal
    product: ProductSummary


def _in_currency(lines: list[OrderLineRead], info: ValidationInfo) -> list[OrderLineRead]:
    for line in lines:
        line.unit_price = in_currency(line.unit_price, info.data["currency"])
    return lines


class OrderRead(Output):
    """An order with its lines, products and customer."""

    id: UUID
    status: OrderStatus
    currency: str
    total: Annotated[Decimal, IN_CURRENCY]
    lines: Annotated[list[OrderLineRead], AfterValidator(_in_currency)]
    customer: CustomerSummary
    version: int
    created_at: datetime


class OrderQuery(PageQuery):
    """The query parameters of the order list."""

    status: OrderStatus | None = None
