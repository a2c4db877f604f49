from ondol.db.base import Base


class Model(Base):
    """The base class of all models of this service."""

    __abstract__ = True
