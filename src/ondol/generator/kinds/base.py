"""What there is to know about a kind of field."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


class Refused(Exception):
    """What is wrong with a part of a field's specification, as the second half of a sentence."""


def _no_default(text: str) -> str:
    raise Refused("a field of this type takes no default")


@dataclass(frozen=True)
class Kind:
    """How a field stands in a model, a migration and a schema, and what its tests try: Python source, all of it.

    `python`: the type in models and responses. `sa`: SQLAlchemy's type in a migration; `column`: in the model, where
    `python` does not say it. `schema`: the type in a request's body, `query`: in query parameters, where every value
    is text. `good`: an expression with a right value, a different one for each `number`. `pair`: a lower and a higher
    one. `default`: makes source of what stands after `default=`; raises Refused.
    """

    python: str
    sa: str
    schema: str
    good: str
    column: str = ""
    out: str = ""
    """In responses, where `python` is not enough."""
    query: str = ""
    pair: tuple[str, str] | None = None
    default: Callable[[str], str] = _no_default
    in_model: Callable[[str], str] = str
    """The default as the model has it, from the default as the schema has it."""

    can_sort: bool = False
    can_be_unique: bool = False
    can_search: bool = False
    filters: str = ""
    """How a list is filtered by it: "equal", "range" (min_ and max_), "contains"; "" if it cannot be."""
    is_filtered_anyway: bool = False
    minimum: int | None = None
    """What the database checks too."""
    choices: Sequence[str] = ()
    table: str = ""
    target: str = ""
    """Of a reference: the other table and its class."""
