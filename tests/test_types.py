"""The field types: valid values, invalid values, and their JSON schema."""

import re
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from ondol.types import (
    MAX_JSON_DEPTH,
    Day,
    DecimalText,
    InDigits,
    Int32,
    JsonObject,
    Moment,
    NumberOnly,
    TimeOfDay,
    composed,
)

MONEY = Annotated[Decimal, DecimalText(10, 2, minimum=0)]
SIGNED = Annotated[Decimal, DecimalText(4, 1, minimum=-5, maximum=5)]
COUNT = Annotated[int, Field(ge=0), NumberOnly]


def nested(depth: int) -> dict[str, Any]:
    inner: Any = 1
    for _ in range(depth):
        inner = {"a": inner}
    return {"a": inner}


@pytest.mark.parametrize(
    ("type_", "given", "expected"),
    [
        (MONEY, "12.5", Decimal("12.50")),
        (MONEY, "99999999.99", Decimal("99999999.99")),
        (SIGNED, "-5", Decimal("-5.0")),
        (Day, "2026-02-28", datetime(2026, 2, 28).date()),
        (Moment, "2026-01-01T09:00:00+09:00", datetime(2026, 1, 1, tzinfo=UTC)),
        (TimeOfDay, "09:30", time(9, 30)),
        (TimeOfDay, "23:59:59", time(23, 59, 59)),
        (JsonObject, {"a": [1, None, "가", {"b": 1.5}]}, {"a": [1, None, "가", {"b": 1.5}]}),
        (JsonObject, nested(MAX_JSON_DEPTH - 1), nested(MAX_JSON_DEPTH - 1)),
        (COUNT, 5, 5),
    ],
)
def test_what_is_right(type_: Any, given: Any, expected: Any) -> None:
    assert TypeAdapter(type_).validate_python(given) == expected


@pytest.mark.parametrize(
    ("type_", "given", "error"),
    [
        *((MONEY, wrong, "decimal_text") for wrong in (1, 1.5, "1e2", ".5", "１２", " 1", "+1", "-0")),
        (MONEY, "-1", "greater_than_equal"),
        (MONEY, "1.001", "decimal_max_places"),
        (MONEY, "100000000", "decimal_whole_digits"),
        (MONEY, "Infinity", "finite_number"),
        (SIGNED, "5.1", "less_than_equal"),
        *((Day, wrong, "date_text") for wrong in (0, 1.5, True, "0", "2026-1-1", "2026-01-01T00:00:00", " 2026-01-01")),
        (Day, "2026-02-30", "date_from_datetime_parsing"),
        *((Moment, wrong, "datetime_text") for wrong in (0, "0", "2026-01-01", "2026-01-01T00:00:00")),
        (Moment, "0001-01-01T00:00:00+09:00", "datetime_range"),
        *((TimeOfDay, wrong, "time_text") for wrong in (0, "24:00", "9:30", "09:30Z", "09:30:00.5", "09:30\n", "")),
        (JsonObject, [], "dict_type"),
        (JsonObject, {"a": "\0"}, "json_text"),
        (JsonObject, {"\0": 1}, "json_text"),
        (JsonObject, {"a": ["\ud800"]}, "json_text"),
        (JsonObject, {"a": float("nan")}, "json_number"),
        (JsonObject, nested(MAX_JSON_DEPTH + 1), "json_too_deep"),
        (COUNT, "5", "number_type"),
        (COUNT, True, "number_type"),
        (Int32, 2**31, "less_than_equal"),
    ],
)
def test_what_is_wrong(type_: Any, given: Any, error: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(type_).validate_python(given)
    assert [one["type"] for one in refused.value.errors()] == [error]


def test_a_pattern_says_what_an_amount_is() -> None:
    schema = TypeAdapter(SIGNED).json_schema()
    assert schema == {"type": "string", "pattern": r"^-?[0-9]{1,3}(\.[0-9]{1,1})?$"}
    assert re.match(schema["pattern"], "-4.5")
    assert TypeAdapter(MONEY).json_schema()["pattern"] == r"^[0-9]{1,8}(\.[0-9]{1,2})?$"


def test_small_amounts_go_out_in_digits() -> None:
    adapter: TypeAdapter[Decimal] = TypeAdapter(Annotated[Decimal, InDigits])
    assert adapter.dump_json(Decimal("0.0000001")) == b'"0.0000001"'
    assert adapter.dump_json(Decimal("0E-10")) == b'"0.0000000000"'


def test_long_runs_of_combining_characters_are_refused_in_linear_time() -> None:
    """Normalising them takes quadratic time: 200,000 would take most of a minute."""
    hostile = "\u0315\u0300\u0316" * 200_000
    with pytest.raises(PydanticCustomError, match="combining characters in a row"):
        composed({"name": hostile})
    assert composed({"name": "e\u0301" + "\u0316" * 20})["name"].startswith("\u00e9")
    assert composed({"tags": ["\u1100\u1161"], "n": 1}) == {"tags": ["가"], "n": 1}
