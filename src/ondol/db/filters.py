"""Conditions for queries that are easy to get wrong."""

from uuid import UUID

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import InstrumentedAttribute

from ondol.ownership import Everybody, Owner

_ESCAPE = "\\"


def contains(column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], text: str) -> ColumnElement[bool]:
    """Return the condition that `column` contains `text`, ignoring case; `%` and `_` in the text are literal.

    It is an ILIKE, so a `gin_trgm_ops` index (PostgreSQL's pg_trgm) serves it, if the text has at least 3 characters.
    """
    for character in (_ESCAPE, "%", "_"):
        text = text.replace(character, _ESCAPE + character)
    return column.ilike(f"%{text}%", escape=_ESCAPE)


def owned_by(column: InstrumentedAttribute[UUID], owner: Owner) -> ColumnElement[bool]:
    """Return the condition that `column` contains this owner; always true for EVERYBODY."""
    return true() if isinstance(owner, Everybody) else column == owner
