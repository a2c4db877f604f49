from ondol.db.idempotency import IdempotencyKeyColumns

from app.models.base import Model


class IdempotencyKey(IdempotencyKeyColumns, Model):
    """What was answered under an Idempotency-Key; see `ondol.web.idempotency`."""
