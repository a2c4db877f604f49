from collections.abc import Mapping
from uuid import UUID

from ondol.auth.caller import Caller
from ondol.auth.client import Client
from ondol.db.pagination import Page
from ondol.jobs.queue import retries
from ondol.rate_limits.rate import Rate
from ondol.rate_limits.standing import Limit
from ondol.upkeep import delete_in_batches
from procrastinate import Blueprint, JobContext
from pydantic import JsonValue

from app.models import AuditEntry
from app.repositories.audit import OLD_ENTRIES, AuditRepository
from app.runtime import Runtime, UnitOfWork
from app.schemas.audit import Action, AuditEntryRead, AuditQuery

EVERY_HOUR = Rate(1, 3_600)

jobs = Blueprint()


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
        """Add an audit entry in the current transaction. `details` must not hold secrets.

        `by`: None before login and for the command line; `session_id` may then name the login session concerned.
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


async def note_apart(
    runtime: Runtime,
    client: Client,
    action: Action,
    by: Caller | None = None,
    *,
    target_id: UUID | None = None,
    details: Mapping[str, JsonValue] | None = None,
) -> None:
    """Add an audit entry in a separate transaction: for reads, and for refusals, which roll back."""
    async with runtime.transaction(client) as own:
        await AuditService(own).note(action, by, target_id=target_id, details=details)


async def note_scope_refused(runtime: Runtime, client: Client, by: Caller, missing: JsonValue) -> None:
    """Note the 1st, 10th, 100th … refusal of a login session in an hour, so that one caller cannot fill the disk."""
    counted = await runtime.rate_limiter.count(Limit("scope-refused", str(by.session_id), EVERY_HOUR))
    if str(counted.used).rstrip("0") == "1":
        details = {"missing": missing, "times": counted.used}
        await note_apart(runtime, client, Action.SCOPE_REFUSED, by, details=details)


async def prune(runtime: Runtime) -> int:
    """Delete entries older than AUDIT__KEEP_DAYS and return their number."""
    return await delete_in_batches(runtime, OLD_ENTRIES, days=runtime.settings.audit.keep_days)


@jobs.periodic(cron="37 3 * * *")
@jobs.task(name="audit.prune", pass_context=True, retry=retries())
async def prune_audit_log(context: JobContext, timestamp: int = 0) -> None:
    """Delete old audit entries every night."""
    await prune(Runtime.of(context))
