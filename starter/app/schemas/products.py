from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from ondol.db.pagination import PageQuery
from ondol.money import FITS_CURRENCY, IN_CURRENCY, Currency, places_at_most
from ondol.types import DecimalText, Line, NumberOnly, Text
from pydantic import MISSING, Field, StringConstraints

from app.schemas.base import Input, Output

Name = Annotated[Line, StringConstraints(max_length=200), Field(examples=["가벼운 노트북 14"])]
Description = Annotated[Text, StringConstraints(max_length=5_000)]
Price = Annotated[Decimal, DecimalText(12, 2, minimum=0), Field(examples=["15000"])]
Stock = Annotated[int, Field(ge=0, le=1_000_000, examples=[25]), NumberOnly]


class ProductCreate(Input):
    name: Name
    description: Description = ""
    currency: Annotated[Currency, places_at_most(2)] = "KRW"
    price: Annotated[Price, FITS_CURRENCY]
    stock: Stock = 0


class ProductUpdate(Input):
    """Only the given fields change."""

    name: Name | MISSING = MISSING
    description: Description | MISSING = MISSING
    price: Price | MISSING = MISSING
    stock: Stock | MISSING = MISSING


class ProductRead(Output):
    id: UUID
    name: str
    description: str
    currency: str
    price: Annotated[Decimal, IN_CURRENCY]
    stock: int
    version: int
    created_at: datetime
    updated_at: datetime


class ProductSort(StrEnum):
    NEWEST = "-created_at"
    OLDEST = "created_at"
    NAME = "name"
    NAME_DESCENDING = "-name"
    PRICE = "price"
    PRICE_DESCENDING = "-price"


class ProductQuery(PageQuery):
    """The query parameters of the product list."""

    q: Annotated[Line, StringConstraints(max_length=100)] | None = Field(
        None, description="Part of the name or the description."
    )
    min_price: Price | None = None
    max_price: Price | None = None
    in_stock: bool | None = Field(None, description="true: only products in stock. false: only sold-out products.")
    sort: ProductSort = ProductSort.NEWEST
