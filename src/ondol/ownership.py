"""The owner of the rows that a query may see."""

from enum import Enum
from typing import Final, Literal
from uuid import UUID


class Everybody(Enum):
    """The type of EVERYBODY."""

    EVERYBODY = "everybody"


EVERYBODY: Final[Literal[Everybody.EVERYBODY]] = Everybody.EVERYBODY
"""The rows of all owners. Callers must name it: no owner is the default."""

Owner = UUID | Everybody
"""The account that owns the rows, or EVERYBODY."""
