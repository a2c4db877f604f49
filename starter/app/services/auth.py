"""Logging in and staying logged in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from ondol import Unauthorized
from ondol.auth.opaque import digest, new_token
from ondol.auth.origin import Origin
from ondol.auth.principal import Principal
from ondol.auth.refresh import RefreshVerdict, judge
from ondol.auth.tokens import TokenPair
from ondol.runtime import Ondol
from ondol.types import Email
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import RefreshToken, User, UserSession
from app.repositories.auth import AuthRepository
from app.repositories.sessions import SessionRepository
from app.repositories.users import UserRepository
from app.schemas.audit import Action
from app.scopes import SCOPES_OF, Role
from app.services.audit import AuditService, note_denied
from app.services.sessions import SessionNotFound, SessionService, authenticate, session_tag
from app.services.users import device_subject

log = structlog.stdlib.get_logger("app.auth")


class WrongCredentials(Unauthorized):
    code = "wrong_credentials"
    detail = "The e-mail address or the password is not right."


class InvalidRefreshToken(Unauthorized):
    code = "invalid_refresh_token"
    detail = "This refresh token is not valid (any more): log in again."


_address = TypeAdapter[str](Email)


def normalised(email: str) -> str | None:
    """The address as registering stored it; None for what cannot be one."""
    try:
        return _address.validate_python(email.strip())
    except ValidationError:
        return None


@dataclass(frozen=True)
class Claimed:
    """Who somebody says they are. `account`: what their attempts are counted by; `user`: if there is one."""

    account: str
    user: User | None

    @property
    def device_subject(self) -> str:
        return device_subject(self.user) if self.user else ""


@dataclass(frozen=True)
class LoggedIn:
    """`device_subject`: what the device that logged in is known by from now on."""

    pair: TokenPair
    user_id: UUID
    device_subject: str


class AuthService:
    def __init__(self, session: AsyncSession, ondol: Ondol, origin: Origin) -> None:
        self._session, self._ondol, self._origin = session, ondol, origin
        self._settings = ondol.settings.auth
        self._tokens = AuthRepository(session)
        self._sessions = SessionRepository(session)
        self._audit = AuditService(session, origin)

    async def claimed(self, username: str) -> Claimed:
        address = normalised(username)
        async with self._ondol.database.reading() as reading:
            user = await UserRepository(reading).get_by_email(address) if address else None
        return Claimed(address or username, user)

    async def log_in(self, claimed: Claimed, password: str, requested_scopes: list[str]) -> LoggedIn:
        """Says the same, after the same work, for unknown, wrong and disabled."""
        user = await self._verified(claimed.user, password)
        permitted = SCOPES_OF[Role(user.role)]
        scopes = frozenset(requested_scopes) & permitted if requested_scopes else frozenset(permitted)
        now = datetime.now(UTC)
        user_session = UserSession(
            user_id=user.id,
            scopes=" ".join(sorted(scopes)),
            device=self._origin.device,
            address=self._origin.address,
            last_used_at=now,
            expires_at=now + timedelta(seconds=self._settings.session_seconds),
        )
        await self._sessions.add(user_session)
        token = new_token()
        await self._tokens.add(RefreshToken(session_id=user_session.id, digest=digest(token)))
        await self._audit.note(Action.LOGGED_IN, actor_id=user.id, session_id=user_session.id, target_id=user.id)
        return LoggedIn(self._pair(user, user_session, token), user.id, device_subject(user))

    async def refresh(self, token: str) -> tuple[TokenPair, UUID]:
        """The next pair of the family, and whose it is. A token that was used before ends the family."""
        found = await self._tokens.get_locked(digest(token))
        if found is None:
            raise InvalidRefreshToken
        stored, user_session, user = found
        now = datetime.now(UTC)
        idle_at = user_session.last_used_at + timedelta(seconds=self._settings.session_idle_seconds)
        verdict = judge(
            used_at=stored.used_at,
            expires_at=min(user_session.expires_at, idle_at),
            revoked_at=user_session.revoked_at,
            now=now,
            retry_seconds=self._settings.refresh_retry_seconds,
        )
        successors = {digest(each): each for each in self._ondol.refresh_tokens.successors(token)}
        given = next(iter(successors))
        if verdict is RefreshVerdict.REPEAT:
            unused = await self._tokens.unused(list(successors))
            # Used: the client had its answer, so this is no retry.
            verdict, given = (RefreshVerdict.REPEAT, unused) if unused else (RefreshVerdict.REUSED, given)
        if verdict is RefreshVerdict.REUSED:
            await self._end_family(user_session, now)
            raise InvalidRefreshToken
        if verdict is RefreshVerdict.REFUSED or not user.is_active:
            raise InvalidRefreshToken
        if verdict is RefreshVerdict.ROTATE:
            stored.used_at = user_session.last_used_at = now
            user_session.device, user_session.address = self._origin.device, self._origin.address
            await self._tokens.add(RefreshToken(session_id=user_session.id, digest=given))
        return self._pair(user, user_session, successors[given]), user.id

    async def revoke(self, token: str) -> None:
        """Ends the session that a token of either kind belongs to; for any other text, nothing (RFC 7009)."""
        try:
            await self.log_out(token, token)
        except Unauthorized:
            log.info("nothing_to_revoke")

    async def log_out(self, access_token: str | None, refresh_token: str | None) -> None:
        """Ends the session of either token; where both are there, the access token's. Raises Unauthorized if there is
        none to end."""
        try:
            principal = await authenticate(self._ondol, access_token or "")
        except Unauthorized:
            user_session = await self._tokens.get_session(digest(refresh_token)) if refresh_token else None
            if user_session is None:
                raise
            principal = Principal(user_session.user_id, user_session.id, frozenset())
        try:
            await SessionService(self._session, self._ondol, self._origin).end(principal.session_id, principal)
        except SessionNotFound as ended:
            raise Unauthorized from ended

    async def _verified(self, seen: User | None, password: str) -> User:
        """The account behind the credentials, locked.

        No connection is held while the hash is computed. The password may change meanwhile, so the account is read
        again: a login under way must not outlive the change.
        """
        verified_hash = seen.hashed_password if seen else None
        valid, better_hash = await self._ondol.passwords.verify(password, verified_hash)
        user = await UserRepository(self._session).get_locked(seen.id) if seen and valid else None
        if user is None or user.hashed_password != verified_hash or not user.is_active:
            log.info("login_refused")
            await self._session.rollback()  # what follows takes a connection of its own, and needs no second one
            # Whoever it was: a write for known accounts alone would tell by its time which are known.
            target_id = seen.id if seen else None
            await note_denied(self._ondol.database, self._origin, Action.LOGIN_REFUSED, target_id=target_id)
            raise WrongCredentials
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

    async def _end_family(self, user_session: UserSession, now: datetime) -> None:
        """In a transaction of its own: the refusal that follows rolls the request's back."""
        session_id, user_id = user_session.id, user_session.user_id
        log.warning("refresh_token_reused", session_id=str(session_id))
        await self._session.rollback()  # nobody should need two connections: replays at once would wait for each other
        async with self._ondol.database.transaction() as own:
            await SessionRepository(own).revoke(session_id, now)
            self._ondol.cache.invalidate(own, session_tag(session_id))
            await AuditService(own, self._origin).note(
                Action.REFRESH_TOKEN_REUSED, session_id=session_id, target_id=user_id
            )
