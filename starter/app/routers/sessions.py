from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Security, status
from ondol.auth.caller import Caller
from ondol.db.pagination import InvalidCursor, Page
from ondol.web.problems import problem_responses
from ondol.web.unit_of_work import in_transaction, read_only

from app.access import current_user
from app.schemas.sessions import LoginSessionQuery, LoginSessionRead
from app.scopes import Scope
from app.services.sessions import LoginSessionNotFound, LoginSessionService

router = APIRouter(prefix="/auth/sessions", tags=["sessions"])

Reader = Annotated[Caller, Security(current_user, scopes=[Scope.ACCOUNT_READ])]
Writer = Annotated[Caller, Security(current_user, scopes=[Scope.ACCOUNT_WRITE])]
LoginSessions = Annotated[LoginSessionService, Depends(in_transaction(LoginSessionService))]
ReadOnlyLoginSessions = Annotated[LoginSessionService, Depends(read_only(LoginSessionService))]


@router.get("", name="list", responses=problem_responses(InvalidCursor))
async def list_sessions(
    query: Annotated[LoginSessionQuery, Query()], user: Reader, sessions: ReadOnlyLoginSessions
) -> Page[LoginSessionRead]:
    """List your active sessions, newest first."""
    return await sessions.page(user.user_id, query, current=user.session_id)


@router.delete(
    "/{session_id}",
    name="end",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(LoginSessionNotFound),
)
async def end_session(session_id: UUID, user: Writer, sessions: LoginSessions) -> None:
    """End one of your sessions."""
    await sessions.end(session_id, user)


@router.delete("", name="end_others", status_code=status.HTTP_204_NO_CONTENT)
async def end_other_sessions(user: Writer, sessions: LoginSessions) -> None:
    """End all of your sessions except this one."""
    await sessions.end_others(user)
