from ondol.db.base import Base
from ondol.db.idempotency import IdempotencyKeyColumns


class Model(Base):
    """The base class of all models of this service."""

    __abstract__ = True


class IdempotencyKey(IdempotencyKeyColumns, Model):
    """The stored response of a request with an Idempotency-Key; see `ondol.web.idempotency`."""
