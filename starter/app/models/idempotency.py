from ondol.db.idempotency import IdempotencyKeyColumns

from app.models.base import Model


class IdempotencyKey(IdempotencyKeyColumns, Model):
    """The stored response of a request with an Idempotency-Key; see `ondol.web.idempotency`."""
