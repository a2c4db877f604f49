from ondol.db.pagination import PageRows, Paginator
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import AuditEntry
from app.schemas.audit import AuditQuery


class AuditRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, entry: AuditEntry) -> None:
        self._session.add(entry)
        await self._session.flush()

    async def page(self, query: AuditQuery, paginator: Paginator) -> PageRows[AuditEntry]:
        """Newest first."""
        statement = select(AuditEntry).order_by(AuditEntry.id.desc())
        for column, wanted in (
            (AuditEntry.action, query.action),
            (AuditEntry.actor_id, query.actor_id),
            (AuditEntry.target_id, query.target_id),
        ):
            if wanted is not None:
                statement = statement.where(column == wanted)
        if query.since is not None:
            statement = statement.where(AuditEntry.at >= query.since)
        return await paginator.page(self._session, statement, query)
