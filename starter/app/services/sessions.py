"""Login sessions: authenticate, list and end them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from ondol import NotFound, Unauthorized
from ondol.auth.caller import Caller
from ondol.db.pagination import Page
from ondol.jobs.queue import retries
from procrastinate import Blueprint, JobContext
from pydantic import BaseModel, ConfigDict

from app.repositories.sessions import LoginSessionRepository
from app.runtime import Runtime, UnitOfWork
from app.schemas.audit import Action  # audit
from app.schemas.sessions import LoginSessionQuery, LoginSessionRead
from app.scopes import SCOPES_OF, Role
from app.services.audit import AuditService  # audit

# How long the state of a login session is cached, in Valkey and in memory. Every change invalidates it, so these limit
# only the memory used.
STATE_SECONDS, STATE_MEMORY_SECONDS = 300, 60

jobs = Blueprint()


class LoginSessionNotFound(NotFound):
    code = "session_not_found"
    detail = "There is no such session."


def user_tag(user_id: UUID) -> str:
    return f"user:{user_id}"


def session_tag(session_id: UUID) -> str:
    return f"session:{session_id}"


class LoginSessionState(BaseModel):
    """The cached state of a login session that authentication needs."""

    model_config = ConfigDict(frozen=True)

    is_alive: bool = False
    expires_at: datetime = datetime.min.replace(tzinfo=UTC)
    scopes: frozenset[str] = frozenset()


async def authenticate(runtime: Runtime, access_token: str) -> Caller:
    """Return the caller of an access token, usually without a round trip. Raises Unauthorized."""
    claims = runtime.tokens.verify(access_token)

    async def load() -> LoginSessionState:
        async with runtime.reading() as work:
            row = await LoginSessionRepository(work).state(claims.session_id)
        if row is None or row.revoked_at is not None or not row.is_active:
            return LoginSessionState()
        return LoginSessionState(is_alive=True, expires_at=row.expires_at, scopes=SCOPES_OF[Role(row.role)])

    state = await runtime.cache.get(
        f"session:{claims.session_id}",
        load,
        LoginSessionState,
        seconds=STATE_SECONDS,
        memory_seconds=STATE_MEMORY_SECONDS,
        tags=[session_tag(claims.session_id), user_tag(claims.user_id)],
    )
    if state is None or not state.is_alive or state.expires_at <= datetime.now(UTC):
        raise Unauthorized
    # The scopes that the token was issued with and the account still has.
    return Caller(claims.user_id, claims.session_id, claims.scopes & state.scopes)


class LoginSessionService:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._sessions = LoginSessionRepository(work)
        self._audit = AuditService(work)  # audit

    async def page(
        self, user_id: UUID, query: LoginSessionQuery, *, current: UUID | None = None
    ) -> Page[LoginSessionRead]:
        """Return a page of the account's active sessions, newest first. `current`: the session of the request."""
        now = datetime.now(UTC)
        used_after = now - timedelta(seconds=self._work.settings.auth.session_idle_seconds)
        page = await self._sessions.search_alive(user_id, query, now=now, used_after=used_after)
        for login_session in page.items:
            login_session.is_current = login_session.id == current
        return page

    async def end(self, session_id: UUID, by: Caller) -> None:
        """End one of the caller's sessions: both of its tokens become invalid. Raises LoginSessionNotFound."""
        if not await self._sessions.revoke(by.user_id, session_id, datetime.now(UTC)):
            raise LoginSessionNotFound
        self._work.invalidate(session_tag(session_id))
        await self._audit.note(Action.LOGGED_OUT, by, target_id=session_id)  # audit

    async def end_others(self, by: Caller) -> None:
        """End all login sessions of the caller except the current one."""
        await self.end_all(by.user_id, but=by.session_id)
        await self._audit.note(Action.OTHERS_LOGGED_OUT, by, target_id=by.user_id)  # audit

    # personal_data: begin
    async def delete_all(self, user_id: UUID) -> None:
        """End and delete every login session of an account."""
        await self._sessions.delete_all(user_id)
        self._work.invalidate(user_tag(user_id))

    # personal_data: end

    async def end_all(self, user_id: UUID, *, but: UUID | None = None) -> None:
        await self._sessions.revoke_all(user_id, datetime.now(UTC), but=but)
        self._work.invalidate(user_tag(user_id))


@jobs.periodic(cron="17 3 * * *")
@jobs.task(name="accounts.delete_expired_sessions", pass_context=True, retry=retries())
async def delete_expired_sessions(context: JobContext, timestamp: int = 0) -> None:
    """Delete expired login sessions and their refresh tokens every night."""
    async with Runtime.of(context).transaction() as work:
        await LoginSessionRepository(work).delete_expired(datetime.now(UTC))
