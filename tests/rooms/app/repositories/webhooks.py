from sqlalchemy.dialects.postgresql import insert

from app.models import PaymentEvent
from app.runtime import UnitOfWork
from app.schemas.webhooks import PaymentEventCreate


class PaymentEventRepository:
    def __init__(self, work: UnitOfWork) -> None:
        self._session = work.session

    async def add_once(self, event: PaymentEventCreate) -> None:
        """Insert the event unless it already exists."""
        await self._session.execute(insert(PaymentEvent).values(event.model_dump()).on_conflict_do_nothing())
