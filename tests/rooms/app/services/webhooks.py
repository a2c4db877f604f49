import hmac
import time

from ondol import Unauthorized
from ondol.db.constraints import violation_as
from pydantic import SecretStr

from app.repositories.webhooks import PaymentEventRepository
from app.runtime import UnitOfWork
from app.schemas.webhooks import PaymentEventCreate
from app.services.bookings import BookingNotFound

TOLERANCE_SECONDS = 300


class WrongSignature(Unauthorized):
    code = "wrong_signature"
    detail = "The signature does not match the body and the timestamp."


def signature(secret: SecretStr, timestamp: int, body: bytes) -> str:
    return hmac.new(secret.get_secret_value().encode(), b"%d." % timestamp + body, "sha256").hexdigest()


def verify(secret: SecretStr, timestamp: int, body: bytes, given: str) -> None:
    """Verify the signature of a body. Raises WrongSignature, also if it is older than TOLERANCE_SECONDS."""
    is_fresh = abs(time.time() - timestamp) <= TOLERANCE_SECONDS
    # As bytes: compare_digest accepts only ASCII text.
    if not (is_fresh and hmac.compare_digest(signature(secret, timestamp, body).encode(), given.encode())):
        raise WrongSignature


class WebhookService:
    def __init__(self, work: UnitOfWork) -> None:
        self._events = PaymentEventRepository(work)

    async def take(self, event: PaymentEventCreate) -> None:
        """Store the event once, even if it is sent repeatedly. Raises BookingNotFound."""
        with violation_as(BookingNotFound, "fk_payment_events_booking_id_bookings"):
            await self._events.add_once(event)
