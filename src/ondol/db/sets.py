"""Statements over many rows at once."""

from typing import Any

from sqlalchemy import ARRAY, TableValuedAlias, bindparam, column, func
from sqlalchemy.types import TypeEngine


def rows_of(**columns: TypeEngine[Any]) -> TableValuedAlias:
    """Return a FROM clause of rows that are given as lists of equal length: of each column its own, `given_` before
    its name.

        GIVEN = rows_of(id=Uuid(), quantity=Integer())
        CHANGE = update(Product).where(Product.id == GIVEN.c.id).values(stock=Product.stock + GIVEN.c.quantity)
        await session.execute(CHANGE, {"given_id": ids, "given_quantity": quantities})

    Whatever their number it is one statement, which can be made once, when its module is imported. PostgreSQL's
    `unnest` (its documentation, section 7.2.1.4).
    """
    lists = [bindparam(f"given_{name}", type_=ARRAY(type_)) for name, type_ in columns.items()]
    named = [column(name, type_) for name, type_ in columns.items()]
    return func.unnest(*lists).table_valued(*named, name="given").render_derived()
