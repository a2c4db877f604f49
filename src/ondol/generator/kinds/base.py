"""The description of a kind of field."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


class Refused(Exception):
    """A part of a field's specification is wrong. The message is a sentence without its full stop."""


def _no_default(text: str) -> str:
    raise Refused("A field of this type takes no default")


@dataclass(frozen=True)
class Kind:
    """The Python source for a kind of field in a model, a migration, a schema and tests.

    `python`: the type in models and responses. `sa`: SQLAlchemy's type in a migration; `column`: in the model, if
    `python` does not imply it. `schema`: the type in a request's body; `query`: in query parameters, where every value
    is text. `good`: an expression for a valid value, a different one for each `number`. `pair`: a lower and a higher
    value. `default`: returns the source for the text after `default=`; raises Refused.
    """

    python: str
    sa: str
    schema: str
    good: str
    column: str = ""
    out: str = ""
    """The type in responses, if not `python`."""
    query: str = ""
    pair: tuple[str, str] | None = None
    default: Callable[[str], str] = _no_default
    in_model: Callable[[str], str] = str
    """Returns the source of the model's default for that of the schema's."""

    can_sort: bool = False
    can_be_unique: bool = False
    can_search: bool = False
    filters: str = ""
    """How a list is filtered by it: "equal", "range" (min_ and max_), "contains"; "" for not at all."""
    is_filtered_anyway: bool = False
    minimum: int | None = None
    """The minimum that the database checks too."""
    choices: Sequence[str] = ()
    table: str = ""
    target: str = ""
    """For a reference: the other table and its class."""
