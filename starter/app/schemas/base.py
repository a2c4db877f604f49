"""Types that the schemas share."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


class Input(BaseModel):
    """A request body. A field it does not know is refused: a typing error is not silently ignored."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Output(BaseModel):
    """A response body: only what stands here leaves, whatever the row holds."""

    model_config = ConfigDict(from_attributes=True)


def _in_cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"))


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""One line of text: not empty, no control characters."""

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""Any text PostgreSQL can hold: all but the character NUL."""

Money = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2, examples=["12.50"]), AfterValidator(_in_cents)]
"""An amount with two decimals, written as a string: JSON's numbers lose cents."""

Amount = Annotated[Decimal, AfterValidator(_in_cents), Field(examples=["12.50"])]
"""Money on its way out: what is stored fits, whatever the limits of what comes in."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(examples=["KRW"])]
"""ISO 4217."""
