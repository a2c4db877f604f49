"""Whose rows a query may see."""

from enum import Enum
from typing import Final, Literal
from uuid import UUID


class Everybody(Enum):
    EVERYBODY = "everybody"


EVERYBODY: Final[Literal[Everybody.EVERYBODY]] = Everybody.EVERYBODY
"""All rows, whoever owns them. It is written out where it is meant: there is no default."""

Owner = UUID | Everybody
"""The account whose rows are meant, or EVERYBODY."""
