"""Field types for schemas that accept only the format that the OpenAPI document describes.

Use them in request bodies: Pydantic alone reads numbers from text, dates from numbers, amounts from "1e2", and accepts
values that PostgreSQL cannot store (the character NUL, a year zero).

    from pydantic import BaseModel
    from ondol.types import Email
    class Guest(BaseModel):
        email: Email
    assert Guest(email="Jiwoo@example.com").email == "jiwoo@example.com"
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal
from math import isfinite
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    EmailStr,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    JsonValue,
    PlainSerializer,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

MAX_JSON_DEPTH = 50
MAX_COMBINING = 31  # UAX 15: a stream-safe text has 30 at most

# Unicode's white space is stripped; control characters are refused.
_WHITE, _CONTROL = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000", r"\x00-\x1f\x7f"


def composed(data: Any) -> Any:
    """Return the fields of a schema with their texts and lists of texts in NFC (UAX 15). For a validator "before".

    Text from macOS may come decomposed: it looks the same, but is not equal. Schemas within compose their own fields.
    """
    return {name: _composed(value) for name, value in data.items()} if isinstance(data, dict) else data


def _composed(value: Any) -> Any:
    if isinstance(value, list):
        return [_composed(each) if isinstance(each, str) else each for each in value]
    if not isinstance(value, str) or value.isascii():
        return value
    if not _is_stream_safe(value):
        told = {"max_length": MAX_COMBINING}
        raise PydanticCustomError("combining", "Text must not have {max_length} combining characters in a row.", told)
    return unicodedata.normalize("NFC", value)


def _is_stream_safe(text: str) -> bool:
    """Return whether normalising takes linear time: no long run of combining characters (UAX 15, section 13)."""
    run = 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run >= MAX_COMBINING:
            return False
    return True


Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        # It matches the value before stripping: the document must not refuse a value that is accepted.
        pattern=rf"^[{_WHITE}]*[^{_WHITE}{_CONTROL}][^{_CONTROL}]*[{_WHITE}]*$",
    ),
]
"""One line of text: not empty and without control characters."""

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""Any text PostgreSQL can hold: all but the character NUL."""


def _address(value: Any, check: ValidatorFunctionWrapHandler) -> str:
    try:
        if isinstance(value, str) and ("<" in value or "=?" in value):
            raise PydanticCustomError("email", "Not a valid e-mail address: only the address itself.")
        address: str = check(value)
    except ValidationError as error:
        if reason := error.errors()[0].get("ctx", {}).get("reason"):
            raise PydanticCustomError("email", "Not a valid e-mail address: {reason}", {"reason": reason}) from error
        raise
    return address.lower()


Email = Annotated[EmailStr, Field(max_length=254, examples=["jiwoo@example.com"]), WrapValidator(_address)]
"""An e-mail address (RFC 5321) without a display name or an encoded word (RFC 2047), in lower case: one person is one
address."""

_email = TypeAdapter[str](Email)


def normalised_email(text: str) -> str | None:
    """Return an address as `Email` stores it, or None if it is not a valid one."""
    try:
        return _email.validate_python(text.strip())
    except ValidationError:
        return None


Int32 = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
"""The range of PostgreSQL's `integer`."""

Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
"""The range of PostgreSQL's `bigint`."""


def _is_number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise PydanticCustomError("number_type", "Input should be a number")
    return value


NumberOnly = BeforeValidator(_is_number)
"""Refuse true and "5", which Pydantic accepts, for an int or a float in a body. Place it after the Field: before it,
the limits would not reach the OpenAPI document."""


@dataclass(frozen=True)
class DecimalText:
    """Read and write a Decimal as text ("12.50"), because JSON's numbers lose cents. It has `digits` in all, `places`
    of them after the point and at least one before it. Input is padded to `places`, as it is stored."""

    digits: int
    places: int
    minimum: int | None = None
    maximum: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        limits = {"ge": self.minimum, "le": self.maximum}
        inner = core_schema.decimal_schema(
            max_digits=self.digits,
            decimal_places=self.places,
            **{name: Decimal(limit) for name, limit in limits.items() if limit is not None},  # type: ignore[arg-type]
        )
        return core_schema.no_info_wrap_validator_function(self._as_promised, inner)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{self._pattern}$"}

    @property
    def _pattern(self) -> str:
        sign = "" if self.minimum is not None and self.minimum >= 0 else "-?"
        whole = rf"[0-9]{{1,{self.digits - self.places}}}"
        fraction = rf"(\.[0-9]{{1,{self.places}}})?" if self.places else ""
        return sign + whole + fraction

    def _as_promised(self, value: Any, check: ValidatorFunctionWrapHandler) -> Decimal:
        """Refuse numbers, "1e2", ".5" and "１２", which Decimal accepts."""
        amount: Decimal = check(value)
        is_promised = isinstance(value, str) and re.fullmatch(self._pattern, value)
        if not is_promised and not isinstance(value, Decimal):
            raise PydanticCustomError("decimal_text", 'Input should be an amount as text, such as "12.50"')
        filled = amount.quantize(Decimal(1).scaleb(-self.places), context=Context(prec=max(self.digits, 28)))
        return filled or abs(filled)  # "-0.00" is 0.00


InDigits = PlainSerializer(lambda value: f"{value:f}", return_type=str, when_used="json")
"""Write a Decimal with more than six places in digits: Python would write 0.0000001 as 1E-7."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _is_date(value: Any) -> Any:
    if not isinstance(value, date) and not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise PydanticCustomError("date_text", 'Input should be a date as text, such as "2026-01-31"')
    return value


Day = Annotated[date, BeforeValidator(_is_date)]
"""A date (RFC 3339). Pydantic would also accept seconds since 1970 and datetimes at midnight."""

_TIME_OF_DAY = "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"


def _is_time_of_day(value: Any) -> Any:
    if not isinstance(value, time) and not (isinstance(value, str) and re.fullmatch(_TIME_OF_DAY[1:-1], value)):
        raise PydanticCustomError("time_text", 'Input should be a time of day as text, such as "09:30" or "09:30:00"')
    return value


TimeOfDay = Annotated[
    time,
    BeforeValidator(_is_time_of_day),
    WithJsonSchema({"type": "string", "pattern": _TIME_OF_DAY, "examples": ["09:30:00"]}),
]
"""A time of day to the second, without a zone. Pydantic would also accept seconds and offsets."""

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")


def _is_moment(value: Any) -> Any:
    if not isinstance(value, datetime) and not (isinstance(value, str) and _MOMENT.fullmatch(value)):
        raise PydanticCustomError("datetime_text", 'Input should be a time with offset, such as "2026-01-31T09:00:00Z"')
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise PydanticCustomError("datetime_range", "Must be between the years 1 and 9999 in UTC.") from error


Moment = Annotated[AwareDatetime, BeforeValidator(_is_moment), AfterValidator(_in_utc)]
"""A point in time with its offset (RFC 3339), converted to UTC."""


def _storable(value: Any, depth: int = 0) -> Any:
    if depth > MAX_JSON_DEPTH:
        told = {"max_depth": MAX_JSON_DEPTH}
        raise PydanticCustomError("json_too_deep", "Must not be nested deeper than {max_depth} levels.", told)
    match value:
        case str() if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise PydanticCustomError("json_text", "Must be Unicode text without the character NUL.")
        case float() if not isfinite(value):
            raise PydanticCustomError("json_number", "Must not hold NaN or Infinity.")
        case dict():
            for name, inner in value.items():
                _storable(name), _storable(inner, depth + 1)
        case list():
            for inner in value:
                _storable(inner, depth + 1)
    return value


JsonObject = Annotated[dict[str, JsonValue], AfterValidator(_storable)]
"""A JSON object (RFC 8259) that PostgreSQL's `jsonb` can store."""
