from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, status
from ondol.db.pagination import InvalidCursor, Page
from ondol.web.problems import problem_responses

from app.dependencies import AccountReader, AccountWriter, PaginatorDep, SessionReadServiceDep, SessionServiceDep
from app.schemas.sessions import SessionQuery, SessionRead
from app.services.sessions import SessionNotFound

router = APIRouter(prefix="/auth/sessions", tags=["sessions"])


@router.get("", name="list", response_model=Page[SessionRead], responses=problem_responses(InvalidCursor))
async def list_sessions(
    query: Annotated[SessionQuery, Query()],
    user: AccountReader,
    sessions: SessionReadServiceDep,
    paginator: PaginatorDep,
) -> Any:
    """Where one is logged in."""
    return await sessions.page(user.user_id, query, paginator, current=user.session_id)


@router.delete(
    "/{session_id}",
    name="end",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(SessionNotFound),
)
async def end_session(session_id: UUID, user: AccountWriter, sessions: SessionServiceDep) -> None:
    """End one of one's sessions."""
    await sessions.end(session_id, user)


@router.delete("", name="end_others", status_code=status.HTTP_204_NO_CONTENT)
async def end_other_sessions(user: AccountWriter, sessions: SessionServiceDep) -> None:
    """End all of one's sessions but this one."""
    await sessions.end_others(user)
