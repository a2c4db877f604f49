"""Amounts with as many decimal places as their currency has (ISO 4217): 15000 KRW, 12.50 USD, 1.250 KWD.

Use it where a service stores more than one currency. A schema names its `currency` before the amount, which is
`Annotated[Decimal, DecimalText(13, 3, minimum=0), FITS_CURRENCY]`; the column has the places of the finest currency.

    from decimal import Decimal
    from ondol.money import fits, in_currency
    assert fits(Decimal("12.50"), "USD") and not fits(Decimal("15000.50"), "KRW")
    assert str(in_currency(Decimal("15000.00"), "KRW")) == "15000"
"""

from decimal import Context, Decimal, InvalidOperation
from typing import Annotated

from pydantic import AfterValidator, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

from ondol.errors import BadRequest

# ISO 4217, table A.1, "minor unit": those that have other than two.
_NONE = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF"),
    "XPF",
)
_THREE = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_PLACES = dict.fromkeys(_NONE, 0) | dict.fromkeys(_THREE, 3) | {"CLF": 4, "UYW": 4}
_UNITS = [Decimal(1).scaleb(-places) for places in range(5)]
_EXACT = Context(prec=1_000)


class InvalidAmount(BadRequest):
    code = "invalid_amount"
    detail = "This currency has fewer decimal places."


Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""The alphabetic code of a currency (ISO 4217)."""


def places(currency: str) -> int:
    """Return the decimal places of a currency.

    >>> places("KRW"), places("USD"), places("KWD")
    (0, 2, 3)
    """
    return _PLACES.get(currency, 2)


def places_at_most(number: int) -> AfterValidator:
    """For a Currency: refuse currencies with more decimal places than the column of the amounts has."""

    def check(currency: str) -> str:
        if places(currency) > number:
            said = "Only currencies with at most {decimal_places} decimal places."
            raise PydanticCustomError("currency_not_stored", said, {"decimal_places": number})
        return currency

    return AfterValidator(check)


def fits(amount: Decimal, currency: str) -> bool:
    """Return whether a currency has an amount: 15000.50 KRW does not exist."""
    return _fitted(amount, currency) is not None


def in_currency(amount: Decimal, currency: str) -> Decimal:
    """Return the amount as its currency is written (-0.00 as 0.00), unchanged where it does not fit."""
    fitted = _fitted(amount, currency)
    return amount if fitted is None else fitted or abs(fitted)


def _fitted(amount: Decimal, currency: str) -> Decimal | None:
    """Return the amount with the places of its currency, None if it has more."""
    try:
        rounded = amount.quantize(_UNITS[places(currency)], context=_EXACT)
    except InvalidOperation:  # infinite, or more digits than any amount has
        return None
    return rounded if rounded == amount else None


def _fitting(amount: Decimal, info: ValidationInfo) -> Decimal:
    currency = info.data.get("currency")
    if currency is not None and not fits(amount, currency):
        told = {"currency": currency, "decimal_places": places(currency)}
        raise PydanticCustomError("currency_places", "{currency} has {decimal_places} decimal places.", told)
    return amount


def _shown(amount: Decimal, info: ValidationInfo) -> Decimal:
    currency = info.data.get("currency")
    return amount if currency is None else in_currency(amount, currency)


FITS_CURRENCY = AfterValidator(_fitting)
"""For an amount that comes in: refuse more decimal places than the field `currency` before it allows."""

IN_CURRENCY = AfterValidator(_shown)
"""For an amount that goes out: write it with the decimal places of the field `currency` before it."""
