from collections.abc import Mapping
from uuid import UUID

from ondol.auth.caller import Caller
from ondol.auth.client import Client
from ondol.db.pagination import Page
from pydantic import JsonValue

from app.models import AuditEntry
from app.repositories.audit import AuditRepository
from app.runtime import Runtime, UnitOfWork
from app.schemas.audit import Action, AuditEntryRead, AuditQuery


class AuditService:
    def __init__(self, work: UnitOfWork) -> None:
        self._client = work.client
        self._entries = AuditRepository(work)

    async def note(
        self,
        action: Action,
        by: Caller | None = None,
        *,
        target_id: UUID | None = None,
        session_id: UUID | None = None,
        details: Mapping[str, JsonValue] | None = None,
    ) -> None:
        """Write down who did what, in the transaction it happens in. `details` hold no secret.

        `by`: None before a login and for the command; then `session_id` may name the login session it is about.
        """
        entry = AuditEntry(
            action=action,
            actor_id=by.user_id if by else None,
            session_id=by.session_id if by else session_id,
            target_id=target_id,
            address=self._client.address,
            user_agent=self._client.user_agent,
            request_id=self._client.request_id,
            details=dict(details or {}),
        )
        await self._entries.add(entry)

    async def page(self, query: AuditQuery) -> Page[AuditEntryRead]:
        return await self._entries.search(query)


async def note_denied(
    runtime: Runtime,
    client: Client,
    action: Action,
    by: Caller | None = None,
    *,
    target_id: UUID | None = None,
    details: Mapping[str, JsonValue] | None = None,
) -> None:
    """The same in a transaction of its own: the refusal that follows rolls the request's back."""
    async with runtime.transaction(client) as own:
        await AuditService(own).note(action, by, target_id=target_id, details=details)
