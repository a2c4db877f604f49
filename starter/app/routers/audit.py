from typing import Annotated

from fastapi import APIRouter, Depends, Query, Security
from ondol.auth.caller import Caller
from ondol.db.pagination import InvalidCursor, Page
from ondol.web.problems import problem_responses
from ondol.web.unit_of_work import read_only

from app.access import current_user
from app.schemas.audit import AuditEntryRead, AuditQuery
from app.scopes import Scope
from app.services.audit import AuditService

router = APIRouter(prefix="/audit-log", tags=["audit"])

Reader = Annotated[Caller, Security(current_user, scopes=[Scope.AUDIT_READ])]
ReadOnlyAudit = Annotated[AuditService, Depends(read_only(AuditService))]


@router.get("", name="list", responses=problem_responses(InvalidCursor))
async def list_audit_entries(
    query: Annotated[AuditQuery, Query()], user: Reader, audit: ReadOnlyAudit
) -> Page[AuditEntryRead]:
    """List the entries of the audit log, newest first."""
    return await audit.page(query)
