from typing import Annotated, Any

from fastapi import APIRouter, Query
from ondol.db.pagination import InvalidCursor, Page
from ondol.web.problems import problem_responses

from app.dependencies import AuditReader, AuditReadServiceDep, PaginatorDep
from app.schemas.audit import AuditEntryRead, AuditQuery

router = APIRouter(prefix="/audit-log", tags=["audit"])


@router.get("", name="list", response_model=Page[AuditEntryRead], responses=problem_responses(InvalidCursor))
async def list_audit_entries(
    query: Annotated[AuditQuery, Query()], audit: AuditReadServiceDep, paginator: PaginatorDep, _: AuditReader
) -> Any:
    """Who did what, newest first."""
    return await audit.page(query, paginator)
