"""Conditions that are easy to get wrong by hand."""

from uuid import UUID

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import InstrumentedAttribute

from ondol.ownership import Everybody, Owner

_ESCAPE = "\\"


def contains(column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], text: str) -> ColumnElement[bool]:
    """`column` contains `text`, whatever the case; `%` and `_` in the text mean themselves.

    ILIKE, so that a `gin_trgm_ops` index on the column serves it (PostgreSQL's pg_trgm), in Hangul too.
    """
    for character in (_ESCAPE, "%", "_"):
        text = text.replace(character, _ESCAPE + character)
    return column.ilike(f"%{text}%", escape=_ESCAPE)


def owned_by(column: InstrumentedAttribute[UUID], owner: Owner) -> ColumnElement[bool]:
    """`column` names this owner; always true for EVERYBODY."""
    return true() if isinstance(owner, Everybody) else column == owner
