"""Logging in, staying logged in, logging out; and who a request comes from."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from ondol import Unauthorized
from ondol.auth.principal import Principal
from ondol.auth.refresh import RefreshTokens, RefreshVerdict, judge
from ondol.cache import Cache
from ondol.db.session import Database
from ondol.runtime import Ondol
from ondol.types import Email
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import RefreshToken, User, UserSession
from app.repositories.auth import AuthRepository
from app.repositories.users import UserRepository
from app.schemas.auth import TokenPair
from app.scopes import SCOPES_OF, Role

log = structlog.stdlib.get_logger("app.auth")

# How long the state of a session is believed without asking the database. Every change is announced, so this bounds
# only the memory it takes.
STATE_SECONDS, STATE_MEMORY_SECONDS = 300, 60


class WrongCredentials(Unauthorized):
    code = "wrong_credentials"
    detail = "The e-mail address or the password is not right."


class InvalidRefreshToken(Unauthorized):
    code = "invalid_refresh_token"
    detail = "This refresh token is not valid (any more): log in again."


def user_tag(user_id: UUID) -> str:
    return f"user:{user_id}"


def session_tag(session_id: UUID) -> str:
    return f"session:{session_id}"


_address = TypeAdapter[str](Email)


def normalised(email: str) -> str | None:
    """The address as registering stored it; None for what cannot be one."""
    try:
        return _address.validate_python(email.strip())
    except ValidationError:
        return None


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
            row = await AuthRepository(session).state(claims.session_id)
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


class AuthService:
    def __init__(self, session: AsyncSession, ondol: Ondol) -> None:
        self._session = session
        self._ondol = ondol
        self._settings = ondol.settings.auth
        self._database: Database = ondol.database
        self._cache: Cache = ondol.cache
        self._refresh_tokens: RefreshTokens = ondol.refresh_tokens
        self._auth = AuthRepository(session)

    async def log_in(self, email: str, password: str, requested_scopes: list[str]) -> tuple[TokenPair, UUID]:
        """Tokens, and whose they are. Says the same, after the same work, for unknown, wrong and disabled."""
        user = await self._verified(email, password)
        if user is None or not user.is_active:
            log.info("login_refused")
            raise WrongCredentials
        permitted = SCOPES_OF[Role(user.role)]
        scopes = frozenset(requested_scopes) & permitted if requested_scopes else frozenset(permitted)
        user_session = UserSession(
            user_id=user.id,
            scopes=" ".join(sorted(scopes)),
            expires_at=datetime.now(UTC) + timedelta(seconds=self._settings.refresh_token_seconds),
        )
        await self._auth.add_session(user_session)
        token = self._refresh_tokens.first()
        await self._auth.add_token(RefreshToken(session_id=user_session.id, digest=self._refresh_tokens.digest(token)))
        return self._pair(user, user_session, token), user.id

    async def refresh(self, token: str) -> TokenPair:
        """The next pair of the family. A token that was used before ends the family."""
        found = await self._auth.get_token_locked(self._refresh_tokens.digest(token))
        if found is None:
            raise InvalidRefreshToken
        stored, user_session, user = found
        now = datetime.now(UTC)
        verdict = judge(
            used_at=stored.used_at,
            expires_at=user_session.expires_at,
            revoked_at=user_session.revoked_at,
            now=now,
            retry_seconds=self._settings.refresh_retry_seconds,
        )
        successor = self._refresh_tokens.successor(token)
        digest = self._refresh_tokens.digest(successor)
        if verdict is RefreshVerdict.REPEAT and await self._auth.was_used(digest):
            verdict = RefreshVerdict.REUSED  # the client had its answer: this is not a retry
        if verdict is RefreshVerdict.REUSED:
            await self._revoke_family(user_session.id, now)
        if verdict in (RefreshVerdict.REUSED, RefreshVerdict.REFUSED) or not user.is_active:
            raise InvalidRefreshToken
        if verdict is RefreshVerdict.ROTATE:
            stored.used_at = now
            await self._auth.add_token(RefreshToken(session_id=user_session.id, digest=digest))
        return self._pair(user, user_session, successor)

    async def log_out(self, principal: Principal) -> None:
        """Ends the session: its refresh token and every access token of it are refused from now on."""
        await self._auth.revoke(principal.session_id, datetime.now(UTC))
        self._cache.invalidate(self._session, session_tag(principal.session_id))

    async def _verified(self, email: str, password: str) -> User | None:
        """The account behind the credentials, locked; None if they are not right.

        No connection is held while the hash is computed. The password may change meanwhile, so the account is read
        again: a login under way must not outlive the change.
        """
        async with self._database.reading() as reading:
            address = normalised(email)
            seen = await UserRepository(reading).get_by_email(address) if address else None
        verified_hash = seen.hashed_password if seen else None
        valid, better_hash = await self._ondol.passwords.verify(password, verified_hash)
        if seen is None or not valid:
            return None
        user = await UserRepository(self._session).get_locked(seen.id)
        if user is None or user.hashed_password != verified_hash:
            return None
        user.hashed_password = better_hash or user.hashed_password
        return user

    def _pair(self, user: User, user_session: UserSession, token: str) -> TokenPair:
        tokens = self._ondol.tokens
        # Never more than the login asked for, nor than the account may by now (RFC 6749, section 6).
        scopes = frozenset(user_session.scopes.split()) & SCOPES_OF[Role(user.role)]
        return TokenPair(
            access_token=tokens.issue(user_id=user.id, session_id=user_session.id, scopes=scopes),
            expires_in=tokens.lifetime_seconds,
            refresh_token=token,
            scope=" ".join(sorted(scopes)),
        )

    async def _revoke_family(self, session_id: UUID, now: datetime) -> None:
        """In a transaction of its own: the refusal that follows rolls the request's back."""
        log.warning("refresh_token_reused", session_id=str(session_id))
        async with self._database.transaction() as own:
            await AuthRepository(own).revoke(session_id, now)
            self._cache.invalidate(own, session_tag(session_id))
