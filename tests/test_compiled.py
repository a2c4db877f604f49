"""Compiled reads return the same as a session: the same values and types, the same rows, the same errors."""

import asyncio
import enum
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from psycopg.errors import DivisionByZero
from pydantic import BaseModel, ConfigDict, create_model
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    Enum,
    Float,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Text,
    Time,
    TypeDecorator,
    Uuid,
    bindparam,
    event,
    func,
    literal,
    select,
    text,
    tuple_,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY, INET, INT4RANGE, JSONB, Range
from sqlalchemy.exc import DataError, InvalidRequestError, OperationalError, ProgrammingError, StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ondol.db.base import HasId
from ondol.db.constraints import DatabaseUnavailable, problem_for
from ondol.db.pagination import InvalidCursor, PageQuery
from ondol.db.session import Database
from ondol.repository import Repository
from ondol.runtime import Runtime
from ondol.settings import Settings


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


class Reversed(TypeDecorator[str]):
    """A custom column type of a project."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return value and value[::-1]

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return value and value[::-1]


class Base(DeclarativeBase):
    """A separate base class, so that the starter's migrations ignore this table."""


# The column type, and a value.
TYPES: dict[str, tuple[Any, Any]] = {
    "small": (SmallInteger(), -7),
    "whole": (Integer(), 70_000),
    "big": (BigInteger(), 2**60),
    "exact": (Numeric(12, 2), Decimal("12.50")),
    "loose": (Numeric(asdecimal=False), 0.5),
    "double": (Double(), 1e300),
    "single": (Float(24), 0.25),
    "yes": (Boolean(), True),
    "line": (String(50), "온돌 % %(x)s : 'quoted'"),
    "prose": (Text(), "a\nb"),
    "raw": (LargeBinary(), b"\x00\xff"),
    "day": (Date(), date(2026, 2, 28)),
    "moment": (DateTime(timezone=True), datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)),
    "local": (DateTime(), datetime(2026, 1, 2, 3, 4)),
    "clock": (Time(), time(9, 30)),
    "span": (Interval(), timedelta(days=1, seconds=3)),
    "key": (Uuid(), uuid.uuid4()),
    "native": (Enum(Colour, name="compiled_colour"), Colour.BLUE),
    "named": (Enum(Colour, native_enum=False), Colour.RED),
    "document": (JSONB(), {"a": [1, None, "온"]}),
    "plain": (JSON(), [1.5, {"b": False}]),
    "list": (ARRAY(Integer()), [1, 2, 3]),
    "colours": (ARRAY(Enum(Colour, name="compiled_colour")), [Colour.RED, Colour.BLUE]),
    "own": (Reversed(20), "abc"),
    "address": (INET(), None),
    "range": (INT4RANGE(), Range(1, 5)),
}
# PostgreSQL cannot compare JSON for equality.
COMPARABLE = sorted(set(TYPES) - {"plain", "address"})


class Many(HasId, Base):
    __tablename__ = "compiled_many"
    number: Mapped[int] = mapped_column(Integer)


for each, (type_of_column, _) in TYPES.items():
    setattr(Many, each, mapped_column(type_of_column, nullable=True))
COLUMNS: Any = Many

SHOWN: Any = dict.fromkeys(["id", "number", *TYPES], (Any, ...))
ManyRead: Any = create_model("ManyRead", **SHOWN)


class ManyRepository(Repository[Many, ManyRead]): ...


class Narrow(BaseModel):
    """A schema without the sort columns."""

    id: uuid.UUID


class NarrowRepository(Repository[Many, Narrow]): ...


@pytest.fixture
async def runtime(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Runtime]:
    settings = Settings(environment="test", database_url=database_url, redis_url=redis_url, project_folder=tmp_path)
    async with Runtime(settings).opened() as runtime:
        async with runtime.database.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield runtime
        async with runtime.database.engine.begin() as connection:
            await connection.run_sync(Base.metadata.drop_all)


async def filled(runtime: Runtime, rows: int = 1) -> list[Many]:
    """Insert rows with all values, and one row without values at the end."""
    values = {name: value for name, (_, value) in TYPES.items()}
    many = [Many(number=number, **values) for number in range(rows)] + [Many(number=rows)]
    async with runtime.transaction() as work:
        work.session.add_all(many)
    return many


@pytest.fixture
def by_sessions(runtime: Runtime) -> list[str]:
    """Return the statements that read sessions send, without those of compiled reads."""
    sent: list[str] = []
    engine = runtime.database.read_engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *arguments: sent.append(arguments[2]))
    return sent


async def read_both_ways(runtime: Runtime, read: Callable[[ManyRepository], Awaitable[Any]]) -> tuple[Any, Any]:
    """Return the results of `read` in a read-only unit of work and in a transaction."""
    async with runtime.reading() as work:
        compiled = await read(ManyRepository(work))
    async with runtime.transaction() as work:
        return compiled, await read(ManyRepository(work))


def shown(read: Any) -> dict[str, tuple[type, Any]]:
    return {name: (type(value), value) for name, value in read}


async def test_values_and_their_types_are_a_sessions(runtime: Runtime, by_sessions: list[str]) -> None:
    for row in await filled(runtime):
        compiled, by_session = await read_both_ways(runtime, partial(ManyRepository.read, id_=row.id))
        assert shown(compiled) == shown(by_session)
        assert len(shown(compiled)) >= 21
    assert by_sessions == []


@pytest.mark.parametrize("name", COMPARABLE)
async def test_parameters_pass_the_types_of_their_columns(runtime: Runtime, by_sessions: list[str], name: str) -> None:
    rows = await filled(runtime)
    statement = select(Many).where(getattr(Many, name) == TYPES[name][1]).order_by(Many.id)
    for page in await read_both_ways(runtime, partial(ManyRepository.page, statement=statement, query=PageQuery())):
        assert [each.id for each in page.items] == [rows[0].id]
    assert by_sessions == []


async def test_a_statement_of_the_same_shape_gets_its_own_values(runtime: Runtime, by_sessions: list[str]) -> None:
    await filled(runtime, 5)
    for number in (1, 3, 4):
        for limit in (1, 100):
            statement = select(Many).where(Many.number >= number, COLUMNS.line == TYPES["line"][1]).order_by(Many.id)
            query = PageQuery(limit=limit)
            one, other = await read_both_ways(runtime, partial(ManyRepository.page, statement=statement, query=query))
            assert [each.number for each in one.items] == list(range(number, 5))[:limit]
            assert [each.id for each in one.items] == [each.id for each in other.items]
    assert by_sessions == []


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (Many.number.in_([0, 2]), [0, 2]),
        (Many.number.in_([1]), [1]),
        (Many.number.in_([]), []),
        (Many.number.not_in([0]), [1, 2, 3]),
        (Many.number.not_in([]), [0, 1, 2, 3]),
        (COLUMNS.own.in_(["abc", "x"]), [0, 1, 2]),
        (COLUMNS.own.not_in(["abc", "x"]), []),
        (COLUMNS.native.in_([Colour.BLUE]), [0, 1, 2]),
        (COLUMNS.native.in_([None, Colour.RED]), []),
        (COLUMNS.key.in_([TYPES["key"][1]]) & Many.number.in_([1, 2]), [1, 2]),
    ],
)
async def test_lists_are_arrays(runtime: Runtime, by_sessions: list[str], condition: Any, found: list[int]) -> None:
    await filled(runtime, 3)
    statement = select(Many).where(condition).order_by(Many.id)
    for page in await read_both_ways(runtime, partial(ManyRepository.page, statement=statement, query=PageQuery())):
        assert [each.number for each in page.items] == found
    assert by_sessions == []


class Loud(TypeDecorator[str]):
    """A type that SQL compares case-insensitively."""

    impl = String
    cache_ok = True

    def bind_expression(self, bindvalue: Any) -> Any:
        return func.lower(bindvalue, type_=String())


Many.loud = mapped_column(Loud(20), nullable=True)
Many.label = mapped_column("title", String(20), default="a title")


class Strict(BaseModel):
    """A schema without the sort columns, with an attribute that differs from its column name."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    id: uuid.UUID
    label: str


class StrictRepository(Repository[Many, Strict]): ...


async def test_names_are_the_attributes_and_nothing_else_is_shown(runtime: Runtime, by_sessions: list[str]) -> None:
    rows = await filled(runtime, 2)
    for work_of in (runtime.reading, runtime.transaction):
        async with work_of() as work:
            page = await StrictRepository(work).page(select(Many).order_by(Many.number, Many.id), PageQuery(limit=1))
            assert page.items == [Strict(id=rows[0].id, label="a title")]
            assert page.next_cursor
            assert await StrictRepository(work).read(rows[1].id) == Strict(id=rows[1].id, label="a title")
    assert by_sessions == []


@pytest.mark.parametrize(
    "condition",
    [
        tuple_(Many.number, COLUMNS.line).in_([(1, TYPES["line"][1])]),
        COLUMNS.list.in_([[1, 2, 3]]) & (Many.number == 1),
        COLUMNS.loud.in_(["AB"]) & (Many.number == 1),
    ],
)
async def test_lists_of_what_is_no_plain_value_go_through_the_session(runtime: Runtime, condition: Any) -> None:
    async with runtime.transaction() as work:
        work.session.add_all(Many(number=n, line=TYPES["line"][1], list=[1, 2, 3], loud="ab") for n in range(3))
    statement = select(Many).where(condition).order_by(Many.id)
    for page in await read_both_ways(runtime, partial(ManyRepository.page, statement=statement, query=PageQuery())):
        assert [each.number for each in page.items] == [1]


async def test_another_schema_is_another_schema(runtime: Runtime) -> None:
    await filled(runtime)
    statement = select(Many).order_by(Many.id).execution_options(schema_translate_map={None: "nowhere"})
    for work_of in (runtime.reading, runtime.transaction):
        with pytest.raises(ProgrammingError):
            async with work_of() as work:
                await ManyRepository(work).page(statement, PageQuery())


async def test_a_parameter_without_value_is_an_error(runtime: Runtime) -> None:
    await filled(runtime)
    statement = select(Many).where(Many.number > bindparam("least", type_=Integer)).order_by(Many.id)
    for work_of in (runtime.reading, runtime.transaction):
        with pytest.raises((InvalidRequestError, StatementError)):
            async with work_of() as work:
                await ManyRepository(work).page(statement, PageQuery())


async def test_an_unreachable_server_is_an_error_of_sqlalchemys(tmp_path: Path, redis_url: str) -> None:
    """The client gets a 503."""
    url = "postgresql://nobody:nothing@127.0.0.1:1/none"
    runtime = Runtime(Settings(environment="test", database_url=url, redis_url=redis_url, project_folder=tmp_path))
    runtime.database = Database(url)
    with pytest.raises(OperationalError) as refused:
        async with runtime.reading() as work:
            await ManyRepository(work).read(uuid.uuid4())
    assert isinstance(problem_for(refused.value), DatabaseUnavailable)
    await runtime.database.close()


async def test_what_depends_on_its_values_goes_through_the_session(runtime: Runtime, by_sessions: list[str]) -> None:
    await filled(runtime, 3)
    number: Any = bindparam("number", 1, literal_execute=True)
    statement = select(Many).where(Many.number == number).order_by(Many.id)
    for page in await read_both_ways(runtime, partial(ManyRepository.page, statement=statement, query=PageQuery())):
        assert [each.number for each in page.items] == [1]
    assert len(by_sessions) == 1


async def test_named_parameters_get_the_values_of_their_statement(runtime: Runtime) -> None:
    await filled(runtime, 3)
    base = select(Many).where(Many.number == bindparam("number", type_=Integer)).order_by(Many.id)
    for wanted in (1, 2):
        statement = base.params(number=wanted)
        for page in await read_both_ways(runtime, partial(ManyRepository.page, statement=statement, query=PageQuery())):
            assert [each.number for each in page.items] == [wanted]


@pytest.mark.filterwarnings("ignore:Ordering by nullable column")  # no null values here
@pytest.mark.parametrize("repository", [ManyRepository, NarrowRepository])
@pytest.mark.parametrize(
    "order",
    [
        (Many.number, Many.id),
        (Many.number.desc(), Many.id.desc()),
        (COLUMNS.day.desc(), COLUMNS.exact, COLUMNS.yes, Many.number.desc(), Many.id),
        (COLUMNS.clock, COLUMNS.moment.desc(), COLUMNS.own, Many.number, Many.id),
    ],
)
async def test_pages_are_a_sessions(
    runtime: Runtime, by_sessions: list[str], repository: Any, order: tuple[Any, ...]
) -> None:
    await filled(runtime, 7)
    statement = select(Many).where(COLUMNS.day.is_not(None)).order_by(*order)
    found = []
    for work_of in (runtime.reading, runtime.transaction):
        cursor, ids = None, []
        while True:
            async with work_of() as work:
                page = await repository(work).page(statement, PageQuery(limit=3, cursor=cursor))
            ids += [each.id for each in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        found.append(ids)
    assert found[0] == found[1]
    assert len(found[0]) == len(set(found[0])) == 7
    assert by_sessions == []


@pytest.mark.filterwarnings("ignore:Ordering by nullable column")
async def test_a_cursor_of_one_way_is_good_for_the_other(runtime: Runtime) -> None:
    await filled(runtime, 4)
    statement = select(Many).order_by(Many.number, Many.id)
    firsts = await read_both_ways(runtime, partial(ManyRepository.page, statement=statement, query=PageQuery(limit=2)))
    assert firsts[0].next_cursor == firsts[1].next_cursor
    query = PageQuery(limit=2, cursor=firsts[0].next_cursor)
    for page in await read_both_ways(runtime, partial(ManyRepository.page, statement=statement, query=query)):
        assert [each.number for each in page.items] == [2, 3]
    longer = select(Many).order_by(Many.number, COLUMNS.whole, Many.id)  # as after a change of the code
    async with runtime.reading() as work:
        with pytest.raises(InvalidCursor):
            await ManyRepository(work).page(longer, query)


async def test_errors_are_sqlalchemys_and_hold_no_values(runtime: Runtime) -> None:
    await filled(runtime)
    statement = select(Many).where(1 / (Many.number - literal(0)) > literal(41_999)).order_by(Many.id)
    for work_of in (runtime.reading, runtime.transaction):
        with pytest.raises(DataError) as refused:
            async with work_of() as work:
                await ManyRepository(work).page(statement, PageQuery())
        assert isinstance(refused.value.orig, DivisionByZero)
        assert "41999" not in str(refused.value)
    async with runtime.reading() as work:  # and the connection still works
        assert (await ManyRepository(work).page(select(Many).order_by(Many.id), PageQuery())).items


async def test_connections_that_ended_cost_no_read(runtime: Runtime) -> None:
    """As after a restart of PostgreSQL, which ends idle connections."""
    rows = await filled(runtime)

    async def read() -> Any:
        async with runtime.reading() as work:
            return await ManyRepository(work).read(rows[0].id)

    await asyncio.gather(*(read() for _ in range(8)))
    others = "WHERE query LIKE '%compiled_many%' AND pid <> pg_backend_pid()"
    async with runtime.transaction() as work:
        ended = await work.session.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity {others}"))
    assert len(ended.all()) > 1
    assert (await read()) is not None
    for _ in range(8):
        assert await read()


async def test_a_migration_costs_no_read(runtime: Runtime) -> None:
    """A prepared statement fails on its connection permanently when the types of its result change."""
    rows = await filled(runtime)
    for wanted in (rows[0].number, str(rows[0].number)):
        for _ in range(10):  # psycopg prepares repeated statements
            async with runtime.reading() as work:
                read: Any = await ManyRepository(work).read(rows[0].id)
            assert read.number == wanted
        async with runtime.transaction() as work:
            await work.session.execute(text("ALTER TABLE compiled_many ALTER COLUMN number TYPE text"))


async def test_a_read_that_is_cancelled_leaves_the_pool_whole(runtime: Runtime) -> None:
    await filled(runtime)
    slow = select(Many).where(func.pg_sleep(5).is_not(None)).order_by(Many.id)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), runtime.reading() as work:
                await ManyRepository(work).page(slow, PageQuery())
    pool: Any = runtime.database.read_engine.pool
    assert pool.checkedout() == 0
    async with runtime.reading() as work:
        assert (await ManyRepository(work).page(select(Many).order_by(Many.id), PageQuery())).items


async def test_a_unit_of_work_holds_one_connection_at_most(runtime: Runtime) -> None:
    """Units of work with two connections each could deadlock on the pool."""
    rows = await filled(runtime)
    pool: Any = runtime.database.read_engine.pool
    async with runtime.reading() as work:
        await ManyRepository(work).read(rows[0].id)
        assert pool.checkedout() == 0
        await work.session.execute(text("SELECT 1"))
        assert pool.checkedout() == 1
        await ManyRepository(work).read(rows[0].id)
        assert pool.checkedout() == 1
    assert pool.checkedout() == 0


async def test_statements_are_seen_by_who_watches_and_by_the_log(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    rows = await filled(runtime)
    sent: list[str] = []
    caplog.set_level("INFO", "sqlalchemy.engine")
    async with runtime.reading() as work:
        with runtime.database.watched(sent.append):
            await ManyRepository(work).read(rows[0].id)
    [statement] = sent
    assert statement.startswith("SELECT")
    assert statement in [record.getMessage() for record in caplog.records]
    assert str(rows[0].id) not in caplog.text
