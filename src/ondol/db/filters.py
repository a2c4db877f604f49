"""Conditions for queries that are easy to get wrong.

Use them for searches, and for rows that belong to accounts.

    from sqlalchemy import literal, select
    from ondol.db.filters import contains
    from ondol.db.session import SyncDatabase
    database = SyncDatabase(database_url)
    with database.transaction() as session:
        assert session.scalar(select(contains(literal("노트북"), "노트부")))  # or of a column
    database.close()
"""

import unicodedata
from uuid import UUID

from sqlalchemy import ColumnElement, Index, func, literal_column, true
from sqlalchemy import column as sql_column
from sqlalchemy.orm import InstrumentedAttribute

from ondol.ownership import Everybody, Owner

_ESCAPE = "\\"


def contains(column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], text: str) -> ColumnElement[bool]:
    """Return the condition that `column` contains `text`, in any case; `%` and `_` in the text mean themselves.

    Both are decomposed (UAX 15), so that half-typed Hangul is found: "노트부" finds "노트북". `search_index` serves
    texts of three letters (jamo) or more, such as "가방"; a shorter one is a scan, which the page's limit ends.
    """
    # While a syllable is typed, its first letter comes as a compatibility jamo.
    text = "".join(unicodedata.normalize("NFKD" if "ㄱ" <= letter <= "ㅎ" else "NFD", letter) for letter in text)
    for character in (_ESCAPE, "%", "_"):
        text = text.replace(character, _ESCAPE + character)
    return func.normalize(column, literal_column("NFD")).ilike(f"%{text}%", escape=_ESCAPE)


def search_index(name: str, column: str) -> Index:
    """Return the index of `contains`, for a model's `__table_args__`. The migration creates the extension pg_trgm."""
    decomposed = func.normalize(sql_column(column), literal_column("NFD")).label("decomposed")
    return Index(name, decomposed, postgresql_using="gin", postgresql_ops={"decomposed": "gin_trgm_ops"})


def owned_by(column: InstrumentedAttribute[UUID], owner: Owner) -> ColumnElement[bool]:
    """Return the condition that `column` contains this owner; always true for EVERYBODY."""
    return true() if isinstance(owner, Everybody) else column == owner
