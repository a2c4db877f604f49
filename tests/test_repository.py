"""Repositories on a real PostgreSQL: selected columns, owners and locks."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import pytest
from fastapi import Depends, FastAPI
from procrastinate import Blueprint
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from ondol.db.base import HasId
from ondol.db.pagination import InvalidCursor, PageQuery
from ondol.db.reading import ReadOnlyViolation
from ondol.ownership import EVERYBODY
from ondol.repository import OwnedRepository, Repository
from ondol.runtime import Runtime, UnitOfWork
from ondol.settings import Settings
from ondol.web.unit_of_work import read_only


class Base(DeclarativeBase):
    """A separate base class, so that the starter's migrations ignore these tables."""


class Mayor(HasId, Base):
    __tablename__ = "repository_mayors"
    name: Mapped[str]
    salary: Mapped[int]

    @property
    def is_rich(self) -> bool:
        return self.salary > 9


class Street(HasId, Base):
    __tablename__ = "repository_streets"
    town_id: Mapped[UUID] = mapped_column(ForeignKey("repository_towns.id"))
    name: Mapped[str]
    budget: Mapped[int] = mapped_column(default=7)


class Town(HasId, Base):
    __tablename__ = "repository_towns"
    owner_id: Mapped[UUID]
    count: Mapped[int]  # rows have a method of the same name
    secret: Mapped[str] = mapped_column(default="hunter2")
    mayor_id: Mapped[UUID | None] = mapped_column(ForeignKey("repository_mayors.id"))
    mayor: Mapped[Mayor | None] = relationship(lazy="raise")
    streets: Mapped[list[Street]] = relationship(lazy="raise", order_by="Street.name")


class Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class TownRead(Read):
    id: UUID
    count: int
    is_near: bool = False  # not a column


class Named(Read):
    name: str


class TownWithAll(TownRead):
    mayor: Named | None
    streets: list[Named]


class TownRepository(OwnedRepository[Town, TownRead]):
    owner_column = Town.owner_id


class WholeTownRepository(OwnedRepository[Town, TownWithAll]):
    owner_column = Town.owner_id


class MayorRepository(Repository[Mayor, Named]): ...


class Missing(Read):
    nothing: str


class Property(Read):
    is_rich: bool = False


class Endless(Read):
    streets: list["Endless"]


class MissingRepository(Repository[Mayor, Missing]): ...


class PropertyRepository(Repository[Mayor, Property]): ...


class EndlessRepository(Repository[Town, Endless]): ...


OWNER, OTHER = uuid4(), uuid4()


@Blueprint().task(name="repository.nothing")
async def nothing() -> None: ...


@pytest.fixture
async def runtime(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Runtime]:
    settings = Settings(environment="test", database_url=database_url, redis_url=redis_url, project_folder=tmp_path)
    runtime = Runtime(settings)
    async with runtime.opened():
        async with runtime.database.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield runtime
        async with runtime.database.engine.begin() as connection:
            await connection.run_sync(Base.metadata.drop_all)


@pytest.fixture
def statements(runtime: Runtime) -> Iterator[list[str]]:
    sent: list[str] = []
    with runtime.database.watched(sent.append):
        yield sent


async def new_town(work: UnitOfWork, *, streets: int = 0, owner_id: UUID = OWNER, mayor: bool = False) -> Town:
    """Insert a town with `streets` streets, named in reverse order."""
    someone = Mayor(name="지우", salary=1) if mayor else None
    town = Town(owner_id=owner_id, count=3, mayor=someone)
    town.streets = [Street(name=f"{streets - number:03}") for number in range(streets)]
    await TownRepository(work).add(town)
    return town


async def test_a_read_selects_what_its_schema_shows(runtime: Runtime, statements: list[str]) -> None:
    async with runtime.transaction() as work:
        town = await new_town(work)
    statements.clear()
    async with runtime.reading() as work:
        assert await TownRepository(work).read(OWNER, town.id) == TownRead(id=town.id, count=3)
        assert await TownRepository(work).read(OWNER, uuid4()) is None
        [found] = (
            await TownRepository(work).page(OWNER, select(Town).order_by(Town.count, Town.id), PageQuery())
        ).items
    assert found == TownRead(id=town.id, count=3)
    assert len(statements) == 3
    assert not [each for each in statements if "secret" in each or "mayor_id" in each]


@pytest.mark.parametrize(("streets", "mayor"), [(0, False), (1, True), (40, True)])
async def test_relations_cost_a_statement_a_list_and_show_no_more(
    runtime: Runtime, statements: list[str], streets: int, mayor: bool
) -> None:
    async with runtime.transaction() as work:
        towns = [await new_town(work, streets=streets, mayor=mayor) for _ in range(3)]
    statements.clear()
    async with runtime.reading() as work:
        repository = WholeTownRepository(work)
        found = await repository.read(OWNER, towns[0].id)
        page = await repository.page(OWNER, select(Town).order_by(Town.id), PageQuery())
    assert found is not None
    assert [street.name for street in found.streets] == [f"{number:03}" for number in range(1, streets + 1)]
    assert (found.mayor is not None) == mayor
    assert [each.id for each in page.items] == [town.id for town in towns]
    assert page.items[0] == found
    assert len(statements) == 4
    assert not [each for each in statements if any(word in each for word in ("secret", "salary", "budget"))]


async def test_in_a_transaction_a_read_shows_what_was_changed_and_changes_nothing(runtime: Runtime) -> None:
    async with runtime.transaction() as work:
        town = await new_town(work, streets=1, mayor=True)
    async with runtime.transaction() as work:
        whole = WholeTownRepository(work)
        assert await whole.read(OWNER, town.id) is not None
        locked = await whole.lock(OWNER, town.id)
        assert locked is not None
        await whole.change(locked, {"count": 4, "secret": "new"})
        found = await whole.read(OWNER, town.id)
        assert found is not None
        assert (found.count, found.streets, found.mayor) == (4, [Named(name="001")], Named(name="지우"))
        assert locked.secret == "new"  # a read does not overwrite the pending change of a locked row
        assert locked.mayor_id is not None
    async with runtime.reading() as work:
        assert (await work.session.execute(select(Town.count, Town.secret))).one() == (4, "new")


async def test_a_read_of_relations_sees_what_statements_changed(runtime: Runtime) -> None:
    async with runtime.transaction() as work:
        town, whole = await new_town(work, streets=1), WholeTownRepository(work)
        locked = await whole.lock(OWNER, town.id)
        assert await whole.read(OWNER, town.id) is not None
        await work.session.execute(insert(Street).values(town_id=town.id, name="002"))
        await work.session.execute(update(Town).values(count=99).execution_options(synchronize_session=False))
        found = await whole.read(OWNER, town.id)
        assert found is not None
        assert (found.count, [street.name for street in found.streets]) == (99, ["001", "002"])
        assert locked is not None
        assert locked.secret == "hunter2"


async def test_a_lock_reads_the_row_as_it_is_now_and_others_wait(runtime: Runtime) -> None:
    async with runtime.transaction() as work:
        town = await new_town(work)
    async with runtime.transaction() as work:
        towns = TownRepository(work)
        assert await work.session.get(Town, town.id) is not None
        async with runtime.transaction() as other:
            await other.session.execute(text("UPDATE repository_towns SET count = 9"))
        locked = await towns.lock(OWNER, town.id)
        assert locked is not None
        assert locked.count == 9
        async with runtime.transaction() as other:
            await other.session.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(DBAPIError, match="lock timeout"):
                await TownRepository(other).lock(EVERYBODY, town.id)
            await other.session.rollback()
        await towns.delete(locked)
    async with runtime.reading() as work:
        assert await TownRepository(work).read(EVERYBODY, town.id) is None


async def test_a_unit_of_work_that_reads_refuses_what_needs_a_commit(runtime: Runtime) -> None:
    async with runtime.transaction() as work:
        town = await new_town(work)
    async with runtime.reading() as work:
        towns = TownRepository(work)
        for act in (
            lambda: towns.lock(OWNER, town.id),
            lambda: towns.add(Town(owner_id=OWNER, count=1)),
            lambda: work.enqueue(nothing),
        ):
            with pytest.raises(ReadOnlyViolation):
                await act()
        with pytest.raises(ReadOnlyViolation):
            work.invalidate("town")
    async with runtime.reading() as work:
        assert (await work.session.execute(text("SELECT count(*) FROM procrastinate_jobs"))).scalar_one() == 0


async def test_rows_of_other_owners_do_not_exist(runtime: Runtime) -> None:
    async with runtime.transaction() as work:
        mine, theirs = await new_town(work), await new_town(work, owner_id=OTHER)
    async with runtime.transaction() as work:
        for towns in (TownRepository(work), WholeTownRepository(work)):
            assert await towns.read(OWNER, theirs.id) is None
            assert await towns.lock(OWNER, theirs.id) is None
            page = await towns.page(OWNER, select(Town).order_by(Town.id), PageQuery())
            assert [town.id for town in page.items] == [mine.id]
            everybodys = await towns.page(EVERYBODY, select(Town).order_by(Town.id), PageQuery())
            assert [town.id for town in everybodys.items] == [mine.id, theirs.id]
            assert await towns.read(EVERYBODY, theirs.id) is not None


async def test_a_cursor_is_its_owners(runtime: Runtime) -> None:
    async with runtime.transaction() as work:
        for _ in range(3):
            await new_town(work)
        towns, ordered = TownRepository(work), select(Town).order_by(Town.id)
        first = await towns.page(OWNER, ordered, PageQuery(limit=2))
        following = PageQuery(limit=2, cursor=first.next_cursor)
        assert len((await towns.page(OWNER, ordered, following)).items) == 1
        for stranger in (OTHER, EVERYBODY):
            with pytest.raises(InvalidCursor):
                await towns.page(stranger, ordered, following)


async def test_whose_rows_are_meant_must_be_said(runtime: Runtime) -> None:
    async with runtime.reading() as work:
        towns = TownRepository(work)
        for call in (towns.read, towns.lock):
            with pytest.raises(TypeError, match="missing 1 required positional argument"):
                await call(uuid4())  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="missing 1 required positional argument"):
            await towns.page(select(Town), PageQuery())  # type: ignore[call-arg]


async def test_rows_that_nobody_owns(runtime: Runtime) -> None:
    async with runtime.transaction() as work:
        mayors, mayor = MayorRepository(work), Mayor(name="지우", salary=1)
        await mayors.add(mayor)
        assert await mayors.read(mayor.id) == Named(name="지우")
        assert (await mayors.page(select(Mayor).order_by(Mayor.id), PageQuery())).items == [Named(name="지우")]
        assert await mayors.lock(mayor.id) is mayor


async def test_a_schema_that_shows_what_the_model_does_not_have_is_refused(runtime: Runtime) -> None:
    async with runtime.reading() as work:
        for repository, problem in (
            (MissingRepository(work), r"Missing\.nothing: Mayor has no such column or relation\."),
            (PropertyRepository(work), r"Property\.is_rich: Mayor has no such column or relation\."),
            (EndlessRepository(work), r"Endless\.streets: Endless contains itself without end\."),
        ):
            with pytest.raises(TypeError, match=problem):
                await repository.read(uuid4())


async def test_a_change_of_what_the_model_does_not_have_is_refused(runtime: Runtime) -> None:
    async with runtime.transaction() as work:
        town = await new_town(work)
        with pytest.raises(AttributeError, match="Town has no attribute 'cuont'"):
            await TownRepository(work).change(town, {"cuont": 4})


async def test_a_service_that_reads_gives_its_connection_back_before_the_answer_leaves(runtime: Runtime) -> None:
    """Otherwise a slow client would hold the connection."""

    class Towns:
        def __init__(self, work: UnitOfWork) -> None:
            self._work = work

        async def count(self) -> int:
            return (await self._work.session.execute(select(func.count()).select_from(Town))).scalar_one()

    app = FastAPI()
    app.state.runtime = runtime
    pool: Any = runtime.database.read_engine.pool

    @app.get("/")
    async def count(towns: Annotated[Towns, Depends(read_only(Towns))]) -> int:
        found = await towns.count()
        assert pool.checkedout() == 1
        return found

    held = []

    async def send(message: Any) -> None:
        held.append(pool.checkedout())

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [], "client": ("", 0)}

    async def receive() -> Any:
        return {"type": "http.request"}

    await app(scope, receive, send)
    assert held == [0, 0]
