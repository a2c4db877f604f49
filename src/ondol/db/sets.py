"""Statements over many rows at once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, TableValuedAlias, column, func, literal
from sqlalchemy.types import TypeEngine


def rows_of(**columns: tuple[TypeEngine[Any], Sequence[Any]]) -> TableValuedAlias:
    """Return lists of equal length as the columns of a FROM clause, whatever their number one statement.

        changed = rows_of(id=(Uuid(), ids), quantity=(Integer(), quantities))
        update(Product).where(Product.id == changed.c.id).values(stock=Product.stock + changed.c.quantity)

    PostgreSQL's `unnest` (its documentation, section 7.2.1.4).
    """
    lists = [literal(list(values), ARRAY(type_)) for type_, values in columns.values()]
    named = [column(name, type_) for name, (type_, _) in columns.items()]
    return func.unnest(*lists).table_valued(*named, name="given").render_derived()
