"""Who is logged in, and where."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from ondol import NotFound, Unauthorized
from ondol.auth.origin import Origin
from ondol.auth.principal import Principal
from ondol.db.pagination import PageRows, Paginator
from ondol.runtime import Ondol
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.sessions import SessionRepository
from app.schemas.audit import Action
from app.schemas.sessions import SessionQuery, SessionRead
from app.scopes import SCOPES_OF, Role
from app.services.audit import AuditService

# How long the state of a session is believed without asking the database. Every change is announced, so this bounds
# only the memory it takes.
STATE_SECONDS, STATE_MEMORY_SECONDS = 300, 60


class SessionNotFound(NotFound):
    code = "session_not_found"
    detail = "There is no such session."


def user_tag(user_id: UUID) -> str:
    return f"user:{user_id}"


def session_tag(session_id: UUID) -> str:
    return f"session:{session_id}"


class SessionState(BaseModel):
    """What authenticating a request needs to know of a session, kept in Valkey and in memory."""

    model_config = ConfigDict(frozen=True)

    is_alive: bool = False
    expires_at: datetime = datetime.min.replace(tzinfo=UTC)
    scopes: frozenset[str] = frozenset()


async def authenticate(ondol: Ondol, access_token: str) -> Principal:
    """The caller behind an access token. Usually without any round trip. Raises Unauthorized."""
    claims = ondol.tokens.verify(access_token)

    async def load() -> SessionState:
        async with ondol.database.reading() as session:
            row = await SessionRepository(session).state(claims.session_id)
        if row is None or row.revoked_at is not None or not row.is_active:
            return SessionState()
        return SessionState(is_alive=True, expires_at=row.expires_at, scopes=SCOPES_OF[Role(row.role)])

    state = await ondol.cache.get(
        f"session:{claims.session_id}",
        load,
        SessionState,
        seconds=STATE_SECONDS,
        memory_seconds=STATE_MEMORY_SECONDS,
        tags=[session_tag(claims.session_id), user_tag(claims.user_id)],
    )
    if state is None or not state.is_alive or state.expires_at <= datetime.now(UTC):
        raise Unauthorized
    # What the token was given and the account still has.
    return Principal(claims.user_id, claims.session_id, claims.scopes & state.scopes)


class SessionService:
    def __init__(self, session: AsyncSession, ondol: Ondol, origin: Origin) -> None:
        self._session = session
        self._cache = ondol.cache
        self._idle = timedelta(seconds=ondol.settings.auth.session_idle_seconds)
        self._sessions = SessionRepository(session)
        self._audit = AuditService(session, origin)

    async def page(
        self, user_id: UUID, query: SessionQuery, paginator: Paginator, *, current: UUID | None = None
    ) -> PageRows[SessionRead]:
        """Those of the account that are still good, newest first."""
        now = datetime.now(UTC)
        rows = await self._sessions.page_alive(user_id, query, paginator, now=now, used_after=now - self._idle)
        found = [SessionRead.model_validate(row) for row in rows.items]
        return PageRows(
            [each.model_copy(update={"is_current": each.id == current}) for each in found], rows.next_cursor
        )

    async def end(self, session_id: UUID, principal: Principal) -> None:
        """Ends one session of the caller's own: its tokens, of both kinds, are refused from now on."""
        if not await self._sessions.revoke(session_id, datetime.now(UTC), user_id=principal.user_id):
            raise SessionNotFound
        self._cache.invalidate(self._session, session_tag(session_id))
        await self._note(Action.LOGGED_OUT, principal, session_id)

    async def end_others(self, principal: Principal) -> None:
        """Ends every session of the caller's but this one."""
        await self._sessions.revoke_all(principal.user_id, datetime.now(UTC), but=principal.session_id)
        self._cache.invalidate(self._session, user_tag(principal.user_id))
        await self._note(Action.OTHERS_LOGGED_OUT, principal, principal.user_id)

    async def _note(self, action: Action, by: Principal, target_id: UUID) -> None:
        await self._audit.note(action, actor_id=by.user_id, session_id=by.session_id, target_id=target_id)
