"""Numbers and booleans."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from ondol.generator.kinds.base import Kind, Refused

INT32 = (-(2**31), 2**31 - 1)
INT64 = (-(2**63), 2**63 - 1)


@dataclass(frozen=True)
class Limits:
    """The values of `min=` and `max=`; None if not given."""

    minimum: int | None = None
    maximum: int | None = None

    @property
    def low(self) -> int:
        """Return a valid value with which tests begin."""
        if self.minimum is not None:
            return self.minimum
        return 1 if self.maximum is None else min(1, self.maximum)

    def span(self, widest: int) -> int:
        """Return how many whole numbers from `low` on are valid, at most `widest`."""
        return widest if self.maximum is None else max(1, min(widest, self.maximum - self.low + 1))

    def arguments(self, minimum: str, maximum: str) -> list[str]:
        """Return the limits as keyword arguments with these names."""
        given = {minimum: self.minimum, maximum: self.maximum}
        return [f"{name}={limit:_}" for name, limit in given.items() if limit is not None]

    def refuse_outside(self, value: Decimal) -> None:
        is_low = self.minimum is not None and value < self.minimum
        if is_low or (self.maximum is not None and value > self.maximum):
            raise Refused("The default is outside of min= and max=")


def integer(limits: Limits) -> Kind:
    given = [limit for limit in (limits.minimum, limits.maximum) if limit is not None]
    is_big = not all(INT32[0] <= limit <= INT32[1] for limit in given)
    low, high = INT64 if is_big else INT32
    low = low if limits.minimum is None else limits.minimum
    high = high if limits.maximum is None else limits.maximum

    def default(text: str) -> str:
        value = _number(text)
        if value != int(value):
            raise Refused(f"{text!r} is not a whole number")
        Limits(low, high).refuse_outside(value)
        return f"{int(value):_}"

    return Kind(
        python="int",
        column="BigInteger" if is_big else "",
        sa="sa.BigInteger()" if is_big else "sa.Integer()",
        schema=f"Annotated[int, Field(ge={low:_}, le={high:_}, examples=[{limits.low}]), NumberOnly]",
        query="Int64" if is_big else "Int32",
        good=f"{limits.low} + number % {limits.span(100_000)}",
        pair=_pair(str(limits.low), str(limits.low + 1), limits),
        default=default,
        can_sort=True,
        can_be_unique=True,
        filters="range",
        minimum=limits.minimum,
    )


def floating(limits: Limits) -> Kind:
    def default(text: str) -> str:
        limits.refuse_outside(_number(text))
        return repr(float(text))

    arguments = [*limits.arguments("ge", "le"), "allow_inf_nan=False", f"examples=[{limits.low}.0]"]
    return Kind(
        python="float",
        sa="sa.Float()",
        schema=f"Annotated[float, Field({', '.join(arguments)}), NumberOnly]",
        query="FiniteFloat",
        good=f"float({limits.low} + number % {limits.span(1_000)})",
        pair=_pair(f"{limits.low}.0", f"{limits.low + 1}.0", limits),
        default=default,
        can_sort=True,
        filters="range",
        minimum=limits.minimum,
    )


def amount(digits: int, places: int, limits: Limits) -> Kind:
    """Return the kind of a Decimal with `digits` digits, `places` of them after the point."""
    largest = 10 ** (digits - places)
    low = limits.low if abs(limits.low) < largest else 0
    span = max(1, min(limits.span(1_000), largest - low))
    point = f".{'0' * places}" if places else ""

    def default(text: str) -> str:
        value = _number(text)
        if value != round(value, places) or abs(value) >= largest:
            raise Refused(f"The default has up to {digits} digits, {places} of them after the point")
        limits.refuse_outside(value)
        return f'Decimal("{value:.{places}f}")'

    arguments = [str(digits), str(places), *limits.arguments("minimum", "maximum")]
    form = f"DecimalText({', '.join(arguments)})"
    return Kind(
        python="Decimal",
        column=f"Numeric({digits}, {places})",
        out="Annotated[Decimal, InDigits]" if places > 6 else "",
        sa=f"sa.Numeric(precision={digits}, scale={places})",
        schema=f'Annotated[Decimal, {form}, Field(examples=["{low}{point}"])]',
        query=f"Annotated[Decimal, {form}]",
        good=f'f"{{{low} + number % {span}}}{point}"',
        pair=(f'"{low}{point}"', f'"{low + 1}{point}"') if span > 1 else None,
        default=default,
        can_sort=True,
        filters="range",
        minimum=limits.minimum,
    )


def truth() -> Kind:
    def default(text: str) -> str:
        if text not in ("true", "false"):
            raise Refused("The default of a bool is true or false")
        return text.capitalize()

    return Kind(
        python="bool",
        sa="sa.Boolean()",
        schema="StrictBool",
        query="bool",
        good="number % 2 == 0",
        pair=("False", "True"),
        default=default,
        filters="equal",
        is_filtered_anyway=True,
    )


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Refused(f"{text!r} is not a number") from None
    if not value.is_finite():
        raise Refused(f"{text!r} is not a number")
    return value


def _pair(low: str, high: str, limits: Limits) -> tuple[str, str] | None:
    return (low, high) if limits.span(2) > 1 else None
