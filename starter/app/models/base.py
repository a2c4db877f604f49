from ondol.db.base import Base


class Model(Base):
    """The parent of all tables of this service."""

    __abstract__ = True
