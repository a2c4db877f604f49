"""Repositories: the rows of one model, in one unit of work.

Use one for each model of a service. Reads return schemas and select only their fields. Writes use entities or the
repository's own statements.

    from sqlalchemy import select
    from app.models import Product
    from app.schemas.products import ProductRead
    from ondol.db.pagination import Page, PageQuery
    from ondol.repository import Repository
    class ProductRepository(Repository[Product, ProductRead]):
        async def search(self, query: PageQuery) -> Page[ProductRead]:
            return await self.page(select(Product).order_by(Product.name, Product.id), query)
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar, get_args
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Select, bindparam, inspect, select
from sqlalchemy.orm import InstrumentedAttribute

from ondol.db.base import HasId
from ondol.db.constraints import still_referenced
from ondol.db.filters import owned_by
from ondol.db.pagination import Page, PageQuery
from ondol.db.reading import refuse_read_only
from ondol.db.reads import Reads
from ondol.db.shown import Shown
from ondol.ownership import Owner
from ondol.runtime import UnitOfWork

M = TypeVar("M", bound=HasId)
R = TypeVar("R", bound=BaseModel)


class Rows(Generic[M]):
    """Write rows of one model, for a repository that writes all its own reads."""

    def __init__(self, work: UnitOfWork[Any]) -> None:
        self._work, self._session = work, work.session

    async def add(self, row: M) -> None:
        """Insert the row."""
        self._session.add(row)
        await self._session.flush()

    async def change(self, row: M, values: Mapping[str, object]) -> None:
        """Set attributes of a locked row and update it. Raises AttributeError for an unknown attribute."""
        known = inspect(type(row)).attrs
        for name, value in values.items():
            if name not in known:
                raise AttributeError(f"{type(row).__name__} has no attribute {name!r}.")
            setattr(row, name, value)
        await self._session.flush()

    async def delete(self, row: M) -> None:
        """Delete the row. Raises StillReferenced."""
        await self._session.delete(row)
        with still_referenced():
            await self._session.flush()


class _Reads(Rows[M], Generic[M, R]):
    """Read rows for both kinds of repository. The brackets of the subclass name `model` and its schema."""

    model: ClassVar[type[HasId]]
    _reads: ClassVar[Reads[Any]]
    _by_id: ClassVar[Select[Any]]  # one object for all reads, so that its cache key is computed once

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in getattr(cls, "__orig_bases__", ()):
            named = get_args(base)
            if len(named) == 2 and not any(isinstance(each, TypeVar) for each in named):
                cls.model, cls._reads = named[0], Reads(Shown(*named))
                cls._by_id = select(cls.model).where(cls.model.id == bindparam("id"))

    async def _read(self, statement: Select[Any], **values: Any) -> R | None:
        read: R | None = await self._reads.one(self._session, statement, values)
        return read

    async def _page(self, statement: Select[Any], query: PageQuery, bound_to: str = "") -> Page[R]:
        return await self._reads.page(self._session, statement, query, self._work.runtime.paginator, bound_to)

    async def _lock(self, statement: Select[Any]) -> M | None:
        refuse_read_only(self._session)  # in autocommit a lock ends with its statement
        # A row that was read before the lock may be outdated.
        locked = statement.with_for_update(of=self.model).execution_options(populate_existing=True)
        row: M | None = await self._session.scalar(locked)
        return row


class Repository(_Reads[M, R]):
    """Read rows of `M` as `R`, and write them. Use `OwnedRepository` for rows that belong to accounts."""

    async def read(self, id_: UUID) -> R | None:
        """Return a row as its schema; None if it does not exist."""
        return await self._read(self._by_id, id=id_)

    async def page(self, statement: Select[M], query: PageQuery) -> Page[R]:
        """Return one page of `statement`, which must be ordered, last by a unique column. Raises InvalidCursor."""
        return await self._page(statement, query)

    async def lock(self, id_: UUID) -> M | None:
        """Return the row as it is now, locked until the transaction ends."""
        return await self._lock(select(self.model).where(self.model.id == id_))


class OwnedRepository(_Reads[M, R]):
    """Read and write rows that belong to accounts. `owner_column` is the column of the account's id.

    Each method requires an owner, and sees only that owner's rows.
    """

    owner_column: ClassVar[InstrumentedAttribute[UUID]]

    async def read(self, owner: Owner, id_: UUID) -> R | None:
        """Return a row as its schema; None if the owner has no such row."""
        return await self._read(self._of(owner, self._by_id), id=id_)

    async def page(self, owner: Owner, statement: Select[M], query: PageQuery) -> Page[R]:
        """Return one page of `statement`, which must be ordered, last by a unique column. Raises InvalidCursor."""
        return await self._page(self._of(owner, statement), query, bound_to=str(owner))

    async def lock(self, owner: Owner, id_: UUID) -> M | None:
        """Return the row as it is now, locked until the transaction ends."""
        return await self._lock(self._of(owner, select(self.model).where(self.model.id == id_)))

    def _of(self, owner: Owner, statement: Select[Any]) -> Select[Any]:
        return statement.where(owned_by(type(self).owner_column, owner))
