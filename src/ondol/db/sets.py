"""Statements for many rows at once."""

from typing import Any

from sqlalchemy import ARRAY, TableValuedAlias, bindparam, column, func
from sqlalchemy.types import TypeEngine


def rows_of(**columns: TypeEngine[Any]) -> TableValuedAlias:
    """Return a FROM clause of rows that are passed as lists of equal length: one parameter for each column, named
    `given_` and the column's name.

        GIVEN = rows_of(id=Uuid(), quantity=Integer())
        CHANGE = update(Product).where(Product.id == GIVEN.c.id).values(stock=Product.stock + GIVEN.c.quantity)
        await session.execute(CHANGE, {"given_id": ids, "given_quantity": quantities})

    The statement does not depend on the number of rows, so it can be made when its module is imported. Uses
    PostgreSQL's `unnest` (its documentation, section 7.2.1.4).
    """
    lists = [bindparam(f"given_{name}", type_=ARRAY(type_)) for name, type_ in columns.items()]
    named = [column(name, type_) for name, type_ in columns.items()]
    return func.unnest(*lists).table_valued(*named, name="given").render_derived()
