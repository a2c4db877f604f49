"""What every model has: constraint names, a UUIDv7 key, times, a version."""

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
"""Named constraints can be dropped in a migration and told apart in an error."""


class Base(DeclarativeBase):
    """Subclass once in a project, and its models from that: every subclass shares the metadata."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    # Values the database makes (times) come back with the INSERT or UPDATE itself, not by a second statement.
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012  (SQLAlchemy's own declaration)
    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012


class HasId:
    """A UUIDv7 made in Python: known before the INSERT, and sorted by time, so indexes grow at their end (RFC 9562)."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, sort_order=-10)


class HasTimes:
    """When the row was made and last changed, by the database's clock, in UTC."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now(), sort_order=91)


class HasVersion:
    """Optimistic locking: an UPDATE of a row that somebody else changed meanwhile is a 409, never a lost update."""

    version: Mapped[int] = mapped_column(default=1, sort_order=92)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"eager_defaults": True, "version_id_col": cls.version}

    def require_version(self, expected: Collection[int] | None) -> None:
        """Raise PreconditionFailed unless the row has one of these versions; None accepts any (`If-Match`)."""
        if expected is not None and self.version not in expected:
            raise PreconditionFailed
