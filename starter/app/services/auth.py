"""Login, token refresh, revocation and logout."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from ondol import Unauthorized
from ondol.auth.caller import Caller
from ondol.auth.refresh import RefreshVerdict, judge
from ondol.auth.tokens import TokenPair
from ondol.keys import digest, new_token
from ondol.ownership import EVERYBODY
from ondol.types import normalised_email

from app.models import LoginSession, RefreshToken, User
from app.repositories.auth import RefreshTokenRepository
from app.repositories.sessions import LoginSessionRepository
from app.repositories.users import Credentials, UserRepository
from app.runtime import UnitOfWork
from app.schemas.audit import Action  # audit
from app.scopes import SCOPES_OF, Role
from app.services.audit import AuditService, note_apart  # audit
from app.services.limits import Limits
from app.services.sessions import LoginSessionNotFound, LoginSessionService, authenticate, session_tag
from app.services.users import device_subject

log = structlog.stdlib.get_logger("app.auth")


class WrongCredentials(Unauthorized):
    code = "wrong_credentials"
    detail = "Incorrect e-mail address or password."


class InvalidRefreshToken(Unauthorized):
    code = "invalid_refresh_token"
    detail = "This refresh token is invalid or has expired. Log in again."


@dataclass(frozen=True)
class LoggedIn:
    """The result of a login. `device_token` identifies the device in later logins."""

    user_id: UUID
    tokens: TokenPair
    device_token: str


class AuthService:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._tokens = RefreshTokenRepository(work)
        self._sessions = LoginSessionRepository(work)
        self._audit = AuditService(work)  # audit
        self._limits = Limits(work.runtime, work.client)

    async def log_in(self, username: str, password: str, scopes: list[str], *, device_token: str) -> LoggedIn:
        """Start a login session. Raises TooManyRequests, WrongCredentials.

        The response and the work are the same for accounts that do not exist, are disabled or have another password.
        The order of the steps matters: an attempt is counted before the password is verified, by account name even
        if the account does not exist, and only a successful login is uncounted.
        """
        address = normalised_email(username)
        account = address or username
        stored = await self._credentials(address) if address else None
        device = self._device(device_token, stored)
        await self._limits.count("login", account=account, device=device)
        user = await self._verified(stored, password)
        await self._limits.give_back("login", account, device)
        tokens = await self.start_session(user, scopes)
        issued = self._work.runtime.device_tokens.issue(device_subject(user.id, user.hashed_password), device)
        return LoggedIn(user.id, tokens, issued)

    async def start_session(self, user: User, requested: list[str]) -> TokenPair:
        """Start a login session of an active account that has proved who it is. `requested`: scopes, [] for all."""
        permitted = SCOPES_OF[Role(user.role)]
        scopes = frozenset(requested) & permitted if requested else frozenset(permitted)
        now = datetime.now(UTC)
        login_session = LoginSession(
            user_id=user.id,
            scopes=" ".join(sorted(scopes)),
            user_agent=self._work.client.user_agent,
            address=self._work.client.address,
            last_used_at=now,
            expires_at=now + timedelta(seconds=self._work.settings.auth.session_seconds),
        )
        await self._sessions.add(login_session)
        token = new_token()
        await self._tokens.add(RefreshToken(session_id=login_session.id, digest=digest(token)))
        caller = Caller(user.id, login_session.id, scopes)  # audit
        await self._audit.note(Action.LOGGED_IN, caller, target_id=user.id)  # audit
        return self._pair(user, login_session, token)

    async def refresh(self, token: str) -> TokenPair:
        """Return the next token pair of the family. A reused token revokes the family.

        Raises TooManyRequests, InvalidRefreshToken.
        """
        await self._limits.count("refresh")
        found = await self._tokens.lock(digest(token))
        if found is None:
            raise InvalidRefreshToken
        stored, login_session, user = found
        now = datetime.now(UTC)
        settings = self._work.settings.auth
        idle_at = login_session.last_used_at + timedelta(seconds=settings.session_idle_seconds)
        verdict = judge(
            used_at=stored.used_at,
            expires_at=min(login_session.expires_at, idle_at),
            revoked_at=login_session.revoked_at,
            now=now,
            retry_seconds=settings.refresh_retry_seconds,
        )
        successors = {digest(each): each for each in self._work.runtime.refresh_tokens.successors(token)}
        given = next(iter(successors))
        if verdict is RefreshVerdict.REPEAT:
            unused = await self._tokens.unused(list(successors))
            # If the successor was used, the client had received it: this is reuse, not a retry.
            verdict, given = (RefreshVerdict.REPEAT, unused) if unused else (RefreshVerdict.REUSED, given)
        if verdict is RefreshVerdict.REUSED:
            await self._end_family(login_session, now)
            raise InvalidRefreshToken
        if verdict is RefreshVerdict.REFUSED or not user.is_active:
            raise InvalidRefreshToken
        if verdict is RefreshVerdict.ROTATE:
            client = self._work.client
            stored.used_at = login_session.last_used_at = now
            login_session.user_agent, login_session.address = client.user_agent, client.address
            await self._tokens.add(RefreshToken(session_id=login_session.id, digest=given))
        await self._limits.count_account("refresh", str(user.id))
        return self._pair(user, login_session, successors[given])

    async def revoke(self, token: str) -> None:
        """End the login session of an access or refresh token. Ignore any other text (RFC 7009)."""
        await self._limits.count("refresh")
        try:
            await self.log_out(token, token)
        except Unauthorized:
            log.info("nothing_to_revoke")

    async def log_out(self, access_token: str | None, refresh_token: str | None) -> None:
        """End the login session of the access token, or else of the refresh token.

        Raises Unauthorized if neither has an active session.
        """
        try:
            caller = await authenticate(self._work.runtime, access_token or "")
        except Unauthorized:
            login_session = await self._tokens.session_of(digest(refresh_token)) if refresh_token else None
            if login_session is None:
                raise
            caller = Caller(login_session.user_id, login_session.id, frozenset())
        try:
            await LoginSessionService(self._work).end(caller.session_id, caller)
        except LoginSessionNotFound as ended:
            raise Unauthorized from ended

    async def _credentials(self, email: str) -> Credentials | None:
        """Read the credentials in a separate unit of work: no connection is held while the hash is computed."""
        async with self._work.runtime.reading() as reading:
            return await UserRepository(reading).credentials_by_email(email)

    def _device(self, token: str, stored: Credentials | None) -> str | None:
        """Return the device of the token, if it logged in to this account with its current password."""
        subject = device_subject(stored.user_id, stored.hashed_password) if stored else ""
        return self._work.runtime.device_tokens.device_of(token, subject)

    async def _verified(self, stored: Credentials | None, password: str) -> User:
        """Return the account of the credentials, locked. Raises WrongCredentials.

        The password may change while the hash is computed, so the account is read again: a login with the old
        password must fail.
        """
        runtime = self._work.runtime
        verified_hash = stored.hashed_password if stored else None
        valid, better_hash = await runtime.passwords.verify(password, verified_hash)
        user = await UserRepository(self._work).lock(stored.user_id) if stored and valid else None
        if user is None or user.hashed_password != verified_hash or not user.is_active:
            log.info("login_refused")
            await self._work.session.rollback()  # free the connection: the audit entry takes its own  # audit
            # Unknown accounts get an entry too, so that timing does not reveal which accounts exist.  # audit
            target_id = stored.user_id if stored else None  # audit
            await note_apart(runtime, self._work.client, Action.LOGIN_REFUSED, target_id=target_id)  # audit
            raise WrongCredentials
        user.hashed_password = better_hash or user.hashed_password
        return user

    def _pair(self, user: User, login_session: LoginSession, token: str) -> TokenPair:
        tokens = self._work.runtime.tokens
        # Limited to the scopes that the login requested and the account still has (RFC 6749, section 6).
        scopes = frozenset(login_session.scopes.split()) & SCOPES_OF[Role(user.role)]
        return TokenPair(
            access_token=tokens.issue(user_id=user.id, session_id=login_session.id, scopes=scopes),
            expires_in=tokens.lifetime_seconds,
            refresh_token=token,
            scope=" ".join(sorted(scopes)),
        )

    async def _end_family(self, login_session: LoginSession, now: datetime) -> None:
        """Revoke the session in a separate transaction: the refusal that follows rolls back the request's."""
        session_id = login_session.id
        user_id = login_session.user_id  # audit
        log.warning("refresh_token_reused", session_id=str(session_id))
        # Free the connection: if each request held two, simultaneous replays would wait for each other.
        await self._work.session.rollback()
        async with self._work.runtime.transaction(self._work.client) as own:
            await LoginSessionRepository(own).revoke(EVERYBODY, session_id, now)
            own.invalidate(session_tag(session_id))
            await AuditService(own).note(Action.REFRESH_TOKEN_REUSED, target_id=user_id, session_id=session_id)  # audit
