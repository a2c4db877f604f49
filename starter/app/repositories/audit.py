from ondol.db.pagination import Page
from ondol.repository import Repository
from sqlalchemy import select, text

from app.models import AuditEntry
from app.schemas.audit import AuditEntryRead, AuditQuery

OLD_ENTRIES = text("""
    DELETE FROM audit_log WHERE id IN (
        SELECT id FROM audit_log WHERE at < now() - make_interval(days => :days) LIMIT :batch
    )
""")


class AuditRepository(Repository[AuditEntry, AuditEntryRead]):
    async def search(self, query: AuditQuery) -> Page[AuditEntryRead]:
        """Return a page of entries, newest first."""
        statement = select(AuditEntry).order_by(AuditEntry.id.desc())
        if query.action is not None:
            statement = statement.where(AuditEntry.action == query.action)
        if query.actor_id is not None:
            statement = statement.where(AuditEntry.actor_id == query.actor_id)
        if query.target_id is not None:
            statement = statement.where(AuditEntry.target_id == query.target_id)
        if query.since is not None:
            statement = statement.where(AuditEntry.at >= query.since)
        return await self.page(statement, query)
