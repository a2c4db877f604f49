"""SELECTs that are compiled once and run on psycopg's own cursor.

A session processes each statement again, although the same few repeat, and that costs more than PostgreSQL's response.
Here the SQL of a statement is stored by its cache key, as in SQLAlchemy's own compiled cache. Values pass SQLAlchemy's
bind and result processors, so enums and type decorators give the same results.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import psycopg
from psycopg.rows import tuple_row
from sqlalchemy import ARRAY, BinaryExpression, BindParameter, Dialect, Select, all_, any_, bindparam, exc
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.operators import in_op, not_in_op
from sqlalchemy.sql.visitors import replacement_traverse
from sqlalchemy.types import TupleType
from sqlalchemy.util import greenlet_spawn

Note = Callable[[str], None]
Processor = Callable[[Any], Any]

AT_ONCE_SECONDS = 0.1

sql_log = logging.getLogger("sqlalchemy.engine.Engine")


class CompiledSelect:
    """A SELECT of columns, compiled for psycopg.

    `given`: the parameters that get their values in this order; all others get theirs by name. Raises NotCompilable if
    the SQL depends on the values.
    """

    def __init__(self, statement: Select[Any], dialect: Dialect, given: Sequence[Any]) -> None:
        compiled: Any = _with_arrays(statement).compile(dialect=dialect)
        if compiled.post_compile_params or compiled.literal_execute_params:
            raise NotCompilable
        self.sql = str(compiled)
        self.names = [column.key for column in statement.selected_columns]
        self._dialect = dialect
        positions = {bind.key: position for position, bind in enumerate(given)}
        if any(bind.key not in positions and not bind.required for bind in compiled.bind_names):
            raise NotCompilable  # the value of this statement would be used for every later one
        self._binds: list[tuple[str, int | None, Any, Processor | None]] = [
            (
                compiled.escaped_bind_names.get(name, name),
                positions.get(bind.key),
                bind,
                bind.type.dialect_impl(dialect).bind_processor(dialect),
            )
            for bind, name in compiled.bind_names.items()
        ]
        self._types = [column.type.dialect_impl(dialect) for column in statement.selected_columns]
        self._processors: list[tuple[int, Processor]] | None = None

    def values(self, given: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters for the cursor, from the statement's own values and the named ones."""
        found = {}
        for name, position, bind, process in self._binds:
            if bind.key in named:
                value = named[bind.key]
            elif position is None or given[position].required:
                raise exc.InvalidRequestError(f"A value is required for bind parameter {bind.key!r}")
            else:
                value = given[position].effective_value
            found[name] = process(value) if process is not None else value
        return found

    def rows(self, cursor: psycopg.AsyncCursor[tuple[Any, ...]], rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Convert the rows as a session would."""
        if self._processors is None:
            columns = zip(self._types, cursor.description or (), strict=True)
            found = [type_.result_processor(self._dialect, column.type_code) for type_, column in columns]
            self._processors = [(number, each) for number, each in enumerate(found) if each is not None]
        return [self._processed(row, self._processors) for row in rows] if self._processors else rows

    def _processed(self, row: tuple[Any, ...], processors: list[tuple[int, Processor]]) -> tuple[Any, ...]:
        values = list(row)
        for number, process in processors:
            values[number] = process(values[number])
        return tuple(values)


class NotCompilable(Exception):
    """The statement needs a session."""


def _with_arrays(statement: Select[Any]) -> Select[Any]:
    """Replace each IN by `= ANY(array)`: the SQL of IN depends on the length of the list."""

    def replace(element: Any, **_: Any) -> Any:
        if isinstance(element, BindParameter):
            return element  # a copy would have another key
        if not isinstance(element, BinaryExpression) or not getattr(element.right, "expanding", False):
            return None
        type_: Any = element.right.type
        if isinstance(type_, TupleType | ARRAY) or type_.bind_expression(element.right) is not None:
            raise NotCompilable
        array = bindparam(element.right.key, type_=ARRAY(type_))
        if element.operator is in_op:
            return element.left == any_(array)
        return element.left != all_(array) if element.operator is not_in_op else None

    replaced: Any = replacement_traverse(statement, {}, replace)
    return cast("Select[Any]", replaced)


class CompiledReads:
    """Run compiled SELECTs, each on a connection of `engine`, which is in autocommit."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.notes: list[Note] = []

    @property
    def dialect(self) -> Dialect:
        return self._engine.dialect

    async def fetch(self, select: CompiledSelect, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows. Raises SQLAlchemy's errors."""
        for note in self.notes:
            note(select.sql)
        if sql_log.isEnabledFor(logging.INFO):
            sql_log.info("%s", select.sql)
        attempts = 1 + self._engine.pool.size()  # type: ignore[attr-defined]
        while True:
            attempts -= 1
            pooled = await self._connection(select)
            driver, started = pooled.driver_connection, time.monotonic()
            try:
                return await _run(driver, select, values)
            except exc.DBAPIError as error:
                if not _is_spoilt(driver, error):
                    raise
                await greenlet_spawn(pooled.invalidate, error)
                # A SELECT that was cut off while running is not retried.
                if not attempts or time.monotonic() - started > AT_ONCE_SECONDS:
                    raise
            except BaseException as error:  # cancelled: the response may still arrive
                await greenlet_spawn(pooled.invalidate, error)
                raise
            finally:
                pooled.close()

    async def _connection(self, select: CompiledSelect) -> PoolProxiedConnection:
        try:
            return await self._engine.raw_connection()
        except psycopg.Error as error:
            raise _as_sqlalchemys(error, select.sql) from error


async def _run(driver: Any, select: CompiledSelect, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    try:
        async with driver.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(select.sql, values)
            return select.rows(cursor, await cursor.fetchall())
    except psycopg.Error as error:
        raise _as_sqlalchemys(error, select.sql) from error


def _as_sqlalchemys(error: psycopg.Error, sql: str) -> exc.StatementError:
    """Return the error that a session would raise."""
    return exc.DBAPIError.instance(sql, None, error, psycopg.Error, hide_parameters=True)


def _is_spoilt(driver: Any, error: exc.DBAPIError) -> bool:
    """Return whether another connection may succeed: this one ended while it was idle, as all do when the server
    restarts, or its statements were prepared before a migration."""
    return bool(driver.closed or driver.broken) or "cached plan must not change" in str(error.orig)
