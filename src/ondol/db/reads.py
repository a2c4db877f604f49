"""Reads of one model as one schema: rows and pages.

In a read session, compiled SELECTs (`ondol.db.compiled`) read a schema of plain columns. The session runs all other
reads.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from sqlakeyset.columns import AppendedColumn, DirectColumn, MappedOrderColumn
from sqlakeyset.paging import prepare_paging
from sqlalchemy import Dialect, Integer, Select, bindparam
from sqlalchemy.exc import MultipleResultsFound
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.util import LRUCache

from ondol.db.compiled import CompiledSelect, NotCompilable
from ondol.db.pagination import InvalidCursor, Page, PageQuery, Paginator
from ondol.db.reading import ReadSession
from ondol.db.shown import Shown

R = TypeVar("R", bound=BaseModel)
_STATEMENTS = 500
_LIMIT, _AFTER = "ondol_limit", "ondol_after_"


class _Pages:
    """The SELECTs of a list: for the first page, and for the page after a row."""

    def __init__(self, statement: Select[Any], dialect: Dialect, given: Sequence[Any]) -> None:
        limit = bindparam(_LIMIT, type_=Integer)
        first = prepare_paging(statement, 1, None, False, orm=False, dialect=dialect)
        order = first.mapped_order_columns
        place = [bindparam(f"{_AFTER}{n}", type_=each.oc.comparable_value.type) for n, each in enumerate(order)]
        following = prepare_paging(statement, 1, tuple(place), False, orm=False, dialect=dialect)
        self.first = CompiledSelect(first.select.limit(limit), dialect, given)
        self.following = CompiledSelect(following.select.limit(limit), dialect, given)
        self.order = [self._position(each) for each in order]

    def _position(self, column: MappedOrderColumn) -> int:
        """Return the position of a sort value in a row."""
        if isinstance(column, DirectColumn):
            position: int = column.index
            return position
        if isinstance(column, AppendedColumn):  # selected only for the sort order
            return self.first.names.index(column.name)
        raise NotCompilable


class Reads(Generic[R]):
    """Read a model as a schema. The first read raises TypeError if they do not match (see `Shown`)."""

    def __init__(self, shown: Shown[R]) -> None:
        self._shown = shown
        self._statements: Any = LRUCache(_STATEMENTS)

    async def one(self, session: AsyncSession, statement: Select[Any], values: Mapping[str, Any]) -> R | None:
        """Return the only row of a statement, or None. `values`: those of its named parameters."""
        if isinstance(session, ReadSession) and (compiled := self._compiled(CompiledSelect, session, statement)):
            select, given = compiled
            rows = await session.compiled.fetch(select, select.values(given, values))
            if len(rows) > 1:
                raise MultipleResultsFound
            return self._read(rows[0]) if rows else None
        row = (await session.execute(self._shown.of(statement), values)).one_or_none()
        return None if row is None else self._shown.read(row)

    async def page(
        self, session: AsyncSession, statement: Select[Any], query: PageQuery, paginator: Paginator, bound_to: str
    ) -> Page[R]:
        """Return one page of an ordered statement. Raises InvalidCursor."""
        if isinstance(session, ReadSession) and (compiled := self._compiled(_Pages, session, statement)):
            return await self._compiled_page(session, *compiled, query, paginator, bound_to)
        rows = await paginator.page(session, self._shown.of(statement), query, bound_to=bound_to)
        return Page(items=[self._shown.read(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def _compiled_page(
        self,
        session: ReadSession,
        pages: _Pages,
        given: Sequence[Any],
        query: PageQuery,
        paginator: Paginator,
        bound_to: str,
    ) -> Page[R]:
        place = paginator.place(query, bound_to)
        if place is not None and len(place) != len(pages.order):
            raise InvalidCursor
        select = pages.first if place is None else pages.following
        named = {_LIMIT: query.limit + 1, **{f"{_AFTER}{n}": value for n, value in enumerate(place or ())}}
        rows = await session.compiled.fetch(select, select.values(given, named))
        following = None
        if len(rows) > query.limit:
            rows = rows[: query.limit]
            following = paginator.cursor(tuple(rows[-1][position] for position in pages.order), query, bound_to)
        return Page(items=[self._read(row) for row in rows], next_cursor=following)

    def _compiled(self, kind: Any, session: ReadSession, statement: Select[Any]) -> tuple[Any, Sequence[Any]] | None:
        """Return the `kind` compiled for such statements, and this statement's parameters; None if it needs the
        session."""
        # Only a session handles relations, a connection that it already holds, and options such as another schema.
        if not self._shown.is_plain or session.in_transaction() or statement.get_execution_options():
            return None
        # SQLAlchemy's own caching example uses this method (examples/dogpile_caching).
        key = statement._generate_cache_key()
        if key is None or key.params:  # values from `statement.params(…)` are stored elsewhere
            return None
        name = (kind, key.key)
        if name not in self._statements:
            try:
                made = kind(self._shown.of(statement), session.compiled.dialect, key.bindparams)
            except NotCompilable:
                made = None
            self._statements[name] = made
        made = self._statements[name]
        return None if made is None else (made, key.bindparams)

    def _read(self, row: tuple[Any, ...]) -> R:
        """Return the schema of a row. Columns that are only for sorting follow the schema's and are dropped."""
        return self._shown.schema.model_validate(dict(zip(self._shown.names, row, strict=False)))
