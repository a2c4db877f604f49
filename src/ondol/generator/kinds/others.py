"""Times, lists, objects and references."""

import re
from collections.abc import Callable

from ondol.generator.kinds.base import Kind, Refused

MAX_ITEMS = 50
_DAY = "2026-{number % 12 + 1:02}-{number % 28 + 1:02}"


def day() -> Kind:
    return Kind(
        python="date",
        sa="sa.Date()",
        schema="Day",
        query="Day",
        good=f'f"{_DAY}"',
        pair=('"2026-01-01"', '"2026-01-02"'),
        can_sort=True,
        can_be_unique=True,
        filters="range",
    )


def time_of_day() -> Kind:
    return Kind(
        python="time",
        sa="sa.Time()",
        schema="TimeOfDay",
        out="TimeOfDay",
        query="TimeOfDay",
        good='f"{number % 24:02}:{number // 24 % 60:02}:00"',
        pair=('"09:00:00"', '"09:30:00"'),
        can_sort=True,
        can_be_unique=True,
        filters="range",
    )


def moment() -> Kind:
    return Kind(
        python="datetime",
        sa="sa.DateTime(timezone=True)",
        schema="Moment",
        query="Moment",
        good=f'f"{_DAY}T09:00:00Z"',
        pair=('"2026-01-01T00:00:00Z"', '"2026-01-01T00:00:01Z"'),
        can_sort=True,
        can_be_unique=True,
        filters="range",
    )


def many(item: Kind) -> Kind:
    """Return the kind of a list, stored as an ARRAY."""
    column = item.column or {"int": "Integer", "UUID": "Uuid"}[item.python]
    return Kind(
        python=f"list[{item.python}]",
        column=f"ARRAY({column})",
        sa=f"postgresql.ARRAY({item.sa})",
        schema=f"Annotated[list[{item.schema}], Field(max_length={MAX_ITEMS})]",
        query=item.query,
        good=f"[{item.good}]",
        pair=(f"[{item.pair[0]}]", f"[{item.pair[1]}]") if item.pair else None,
        default=_empty("list"),
        in_model=lambda _: "list",
        filters="contains",
    )


def json_object() -> Kind:
    return Kind(
        python="dict[str, Any]",
        column="JSONB",
        sa="postgresql.JSONB(astext_type=sa.Text())",
        schema="JsonObject",
        good='{"number": number}',
        default=_empty("dict"),
        in_model=lambda _: "dict",
    )


def reference(table: str, target: str) -> Kind:
    """Return the kind of a reference. `target`: the class of that table."""
    return Kind(
        python="UUID",
        column=f'ForeignKey("{table}.id")',
        sa="sa.Uuid()",
        schema="UUID",
        query="UUID",
        good=f'known["{snake(target)}_id"]',
        filters="equal",
        is_filtered_anyway=True,
        table=table,
        target=target,
    )


def snake(name: str) -> str:
    """Return the name of a class as that of a variable: `order_line` for `OrderLine`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _empty(kind: str) -> Callable[[str], str]:
    def default(text: str) -> str:
        if text:
            raise Refused(f"The default of a {kind} can only be the empty one: `default=`")
        return f"Field(default_factory={kind})"

    return default
