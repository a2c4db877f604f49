from typing import Any
from uuid import UUID

from ondol.auth.origin import Origin
from ondol.db.pagination import PageRows, Paginator
from ondol.db.session import Database
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import AuditEntry
from app.repositories.audit import AuditRepository
from app.schemas.audit import Action, AuditQuery


class AuditService:
    def __init__(self, session: AsyncSession, origin: Origin) -> None:
        self._origin = origin
        self._entries = AuditRepository(session)

    async def note(
        self,
        action: Action,
        *,
        actor_id: UUID | None = None,
        session_id: UUID | None = None,
        target_id: UUID | None = None,
        **details: Any,
    ) -> None:
        """Writes down who did what, in the transaction it happens in. `details` are JSON-able and hold no secret."""
        entry = AuditEntry(
            action=action,
            actor_id=actor_id,
            session_id=session_id,
            target_id=target_id,
            address=self._origin.address,
            device=self._origin.device,
            request_id=self._origin.request_id,
            details=details,
        )
        await self._entries.add(entry)

    async def page(self, query: AuditQuery, paginator: Paginator) -> PageRows[AuditEntry]:
        return await self._entries.page(query, paginator)


async def note_denied(database: Database, origin: Origin, action: Action, **details: Any) -> None:
    """The same in a transaction of its own: the refusal that follows rolls the request's back."""
    async with database.transaction() as own:
        await AuditService(own, origin).note(action, **details)
