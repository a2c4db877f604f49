"""Base classes of models: constraint names, a UUIDv7 key, times, a version.

Use them for every model of a service.

    from sqlalchemy.orm import Mapped
    from ondol.db.base import Base, HasId, HasTimes, HasVersion
    class Room(HasId, HasTimes, HasVersion, Base):
        __tablename__ = "rooms"
        name: Mapped[str]
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, MetaData, func
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from uuid_utils.compat import uuid7

from ondol.errors import PreconditionFailed

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraint names, so that a migration can drop a constraint and an error can be traced to one."""


class Base(DeclarativeBase):
    """The declarative base. A project subclasses it once, and its models from that: all share the metadata."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    # Values that the database sets (times) return with the INSERT or UPDATE, without a second statement.
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012  (SQLAlchemy's own declaration)
    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012


class HasId:
    """A UUIDv7 (RFC 9562) made in Python: known before the INSERT, and sorted by time, so indexes grow at their end."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, sort_order=-10)


class HasTimes:
    """The times of the row's creation and last change, by the database's clock, in UTC."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now(), sort_order=91)


class HasVersion:
    """Optimistic locking: an UPDATE of a row that another transaction has changed is a 409, not a lost update."""

    version: Mapped[int] = mapped_column(default=1, sort_order=92)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"eager_defaults": True, "version_id_col": cls.version}

    def require_version(self, expected: Collection[int] | None) -> None:
        """Raise PreconditionFailed unless the row has one of these versions; None accepts any (`If-Match`)."""
        if expected is not None and self.version not in expected:
            raise PreconditionFailed
