"""Types that the schemas share."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError


class Input(BaseModel):
    """A request body. A field it does not know is refused: a typing error is not silently ignored."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Output(BaseModel):
    """A response body: only what stands here leaves, whatever the row holds."""

    model_config = ConfigDict(from_attributes=True)


def _in_cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"))


_AMOUNT = r"^[0-9]{1,10}(\.[0-9]{1,2})?$"


def _as_promised(value: Any, check: ValidatorFunctionWrapHandler) -> Decimal:
    """Decimal also takes numbers, "1e2", ".5" and "１２": nobody should come to rely on what the document denies."""
    amount: Decimal = check(value)
    is_promised = isinstance(value, str) and re.fullmatch(_AMOUNT.removesuffix("$"), value)
    if not is_promised and not isinstance(value, Decimal):
        raise PydanticCustomError("amount_parsing", 'Input should be an amount as text, such as "12.50"')
    return _in_cents(amount)


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""One line of text: not empty, no control characters."""

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""Any text PostgreSQL can hold: all but the character NUL."""

Money = Annotated[
    Decimal,
    Field(ge=0, max_digits=12, decimal_places=2),
    WrapValidator(_as_promised),
    WithJsonSchema({"type": "string", "pattern": _AMOUNT, "examples": ["12.50"]}),
]
"""An amount with two decimals, not negative, written as a string: JSON's numbers lose cents."""

Amount = Annotated[Decimal, AfterValidator(_in_cents), Field(examples=["12.50"])]
"""Money on its way out: what is stored fits, whatever the limits of what comes in."""


def _is_number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


NumberOnly = BeforeValidator(_is_number)
"""For an int in a body, after its Field (before it, the limits would not reach the OpenAPI document): Pydantic takes
true and "5" as well."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(examples=["KRW"])]
"""ISO 4217."""
