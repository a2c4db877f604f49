from decimal import Decimal
from typing import Annotated

import pytest
from pydantic import BaseModel, ValidationError

from ondol.money import FITS_CURRENCY, IN_CURRENCY, Currency
from ondol.types import DecimalText


class Offer(BaseModel):
    currency: Currency
    price: Annotated[Decimal, DecimalText(30, 4), FITS_CURRENCY]


class Shown(BaseModel):
    currency: str
    price: Annotated[Decimal, IN_CURRENCY]


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [
        ("KRW", "15000", "15000"),
        ("KRW", "15000.00", "15000"),
        ("USD", "12.5", "12.50"),
        ("USD", "-0.00", "0.00"),
        ("KWD", "1.25", "1.250"),
        ("CLF", "0.0001", "0.0001"),
        ("USD", "12345678901234567890123456.78", "12345678901234567890123456.78"),
    ],
)
def test_an_amount_has_the_places_of_its_currency(currency: str, amount: str, shown: str) -> None:
    offer = Offer.model_validate({"currency": currency, "price": amount})
    assert Shown.model_validate(offer.model_dump()).model_dump(mode="json")["price"] == shown


class Unlimited(BaseModel):
    currency: Currency
    price: Annotated[Decimal, FITS_CURRENCY]


@pytest.mark.parametrize(
    ("amount", "is_taken"),
    [("1e300", True), ("9" * 400, True), ("1e-300", False), ("1e2000", False), ("Infinity", False)],
)
def test_an_amount_without_limits_is_checked_too(amount: str, *, is_taken: bool) -> None:
    try:
        Unlimited.model_validate({"currency": "USD", "price": amount})
    except ValidationError:
        assert not is_taken
    else:
        assert is_taken


@pytest.mark.parametrize(("currency", "amount"), [("KRW", "15000.50"), ("USD", "0.001"), ("JPY", "0.5")])
def test_more_places_are_refused(currency: str, amount: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Offer.model_validate({"currency": currency, "price": amount})
    assert [(error["type"], error["loc"]) for error in refused.value.errors()] == [("currency_places", ("price",))]


def test_a_stored_amount_that_does_not_fit_is_shown_as_it_is() -> None:
    assert Shown(currency="KRW", price=Decimal("15000.50")).model_dump(mode="json")["price"] == "15000.50"
