"""The runtime: everything a service holds open, on one object.

There is no module-level engine or client: two apps with two sets of settings can live in one process. Everything is
opened in order by the lifespan and closed in the reverse order.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Self

import structlog
from alembic.util import CommandError
from sqlalchemy.exc import OperationalError

from ondol.auth.devices import DeviceTokens
from ondol.auth.passwords import PasswordHasher
from ondol.auth.refresh import RefreshTokens
from ondol.auth.tokens import AccessTokens
from ondol.cache import Cache
from ondol.db.budget import ConnectionBudget, connection_limit, statement_timeout
from ondol.db.constraints import reason_of
from ondol.db.migrations import is_empty, missing, upgrade
from ondol.db.pagination import Paginator
from ondol.db.session import Database, is_pooled
from ondol.dev.servers import Attachment, ServersError, StateFolder, attach
from ondol.drain import Drain, Stopped
from ondol.jobs.queue import Job
from ondol.jobs.worker import Worker
from ondol.mail import Mailbox, Mailer
from ondol.observability.errors import ErrorHook, guarded
from ondol.observability.logging import configure_logging
from ondol.observability.metrics import CONNECTIONS_IN_USE, count_lookup
from ondol.rate_limits.limiter import RateLimiter
from ondol.server.state import OPTIONS, ServerOptions, is_strict
from ondol.settings import AuthSettings, Environment, Settings

WAIT_SECONDS = 2.0
POOLER = (
    "DATABASE_URL leads to a pooler such as PgBouncer: set DATABASE_DIRECT_URL to PostgreSQL itself, for LISTEN, jobs "
    "and migrations."
)

log = structlog.stdlib.get_logger("ondol")


class StartFailed(Exception):
    """A part could not be opened. The message names the setting to look at."""


def hasher_for(auth: AuthSettings) -> PasswordHasher:
    return PasswordHasher(
        auth.password_hash,
        threads=auth.hashing_threads,
        queue=auth.hashing_queue,
        argon2_memory_kib=auth.argon2_memory_kib,
        argon2_iterations=auth.argon2_iterations,
        bcrypt_rounds=auth.bcrypt_rounds,
    )


def tokens_for(auth: AuthSettings) -> AccessTokens:
    signing, *accepted = auth.secrets
    return AccessTokens(
        signing,
        issuer=auth.issuer,
        audience=auth.audience,
        lifetime_seconds=auth.access_token_seconds,
        accepted=accepted,
    )


@dataclass(frozen=True)
class Servers:
    """Where PostgreSQL and Valkey are. `direct_url`: PostgreSQL itself, where `database_url` leads to a pooler."""

    database_url: str
    direct_url: str
    redis_url: str


class Ondol:
    """The parts of a running service.

    Those that need nothing open (`tokens`, `passwords`, `paginator`, `mailer`) are there at once; `database`, `cache`
    and `rate_limiter` between `open()` and `close()`.
    """

    database: Database
    cache: Cache
    rate_limiter: RateLimiter
    servers: Servers

    def __init__(self, settings: Settings, *, jobs: Sequence[Job] = (), on_error: ErrorHook | None = None) -> None:
        """`on_error` is told of every error that nobody foresaw (`ondol.observability.errors`)."""
        self.settings = settings
        self.jobs = jobs
        self.report = guarded(on_error) if on_error else None
        auth = settings.auth
        keys = [secret.encode() for secret in auth.secrets]
        self.passwords = hasher_for(auth)
        self.tokens = tokens_for(auth)
        self.refresh_tokens = RefreshTokens(*keys)
        self.device_tokens = DeviceTokens(*keys)
        self.paginator = Paginator(*keys)
        self.mailer = Mailer(settings.mail, Mailbox(settings.project_folder / settings.mail.folder))
        self.drain = Drain(settings.drain_seconds)
        # Without an answer from the web layer the server takes WebSockets.
        self.has_websockets: Callable[[], bool] = lambda: True
        self._open_parts = AsyncExitStack()

    async def open(self) -> None:
        """Opens everything in order. A step that fails closes what was opened. Raises StartFailed."""
        async with AsyncExitStack() as parts:
            parts.callback(self.passwords.close)
            with _step("The development servers do not start"):
                self.servers = await self.locate_servers()
            with _step("PostgreSQL does not answer; look at DATABASE_URL"):
                self.database = self._database()
                parts.push_async_callback(self.database.close)
                await self._check_database()
            with _step("The cache cannot be made; look at REDIS_URL"):
                self.cache = Cache(
                    self.servers.redis_url, self.servers.direct_url, self.settings.cache, on_lookup=count_lookup
                )
                parts.push_async_callback(self.cache.close)
            with _step("PostgreSQL does not let us LISTEN; look at DATABASE_URL"):
                await self.cache.open()
            self.rate_limiter = RateLimiter(self.servers.redis_url, self.settings.cache)
            parts.push_async_callback(self.rate_limiter.close)
            if not await self.cache.is_up():
                # Not an error: the cache holds only what may be lost.
                log.warning("valkey_down_at_start", setting="REDIS_URL")
            self._open_parts = parts.pop_all()

    async def close(self) -> None:
        """Closes everything, newest first."""
        await self._open_parts.aclose()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Self]:
        """`open` and `close` for a with block."""
        await self.open()
        try:
            yield self
        finally:
            await self.close()

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[dict[str, Any]]:
        """For `FastAPI(lifespan=ondol.lifespan)`. What it yields is the ASGI lifespan state, which servers see too."""
        configure_logging(self.settings.logging, sql=self.settings.debug)
        # Signals are noticed from the start on: a process that waits for PostgreSQL must end too.
        with self.drain.installed():
            async with self.opened():
                yield await self._start_serving()
        log.info("stopped")

    async def _start_serving(self) -> dict[str, Any]:
        if self.settings.database_url is None:
            await asyncio.to_thread(self._prepare_development_database)
        log.info("started", environment=self.settings.environment.value)
        if self.settings.environment is Environment.PRODUCTION and not is_strict():
            log.warning("server_without_limits", hint="serve with `ondol serve` or gunicorn, see docs/security.md")
        self.drain.is_serving = True
        return {OPTIONS: self._server_options()}

    async def locate_servers(self) -> Servers:
        """The settings' servers, or in development the embedded ones."""
        database, redis = self.settings.database_url, self.settings.redis_url
        # Production always has both: the settings refuse to be without.
        attachment = None if database and redis else await asyncio.to_thread(self._attach)
        database_url = database.get_secret_value() if database else attachment.database_url  # type: ignore[union-attr]
        direct = self.settings.database_direct_url
        return Servers(
            database_url,
            direct.get_secret_value() if direct else database_url,
            redis.get_secret_value() if redis else attachment.redis_url,  # type: ignore[union-attr]
        )

    def worker(self) -> Worker:
        """A worker for this service's jobs; the runtime must be open."""
        return Worker(self, self.jobs, self.servers.direct_url, self.settings.jobs, on_error=self.report)

    def _server_options(self) -> ServerOptions:
        http = self.settings.http
        return ServerOptions(
            receive_seconds=http.receive_seconds,
            max_head_bytes=http.max_head_bytes,
            max_url_bytes=http.max_url_bytes,
            websockets=self.has_websockets(),
        )

    def _database(self) -> Database:
        settings = self.settings
        return Database(
            self.servers.database_url,
            settings.database,
            pooled=settings.database_direct_url is not None,
            on_use=CONNECTIONS_IN_USE.inc,
        )

    async def _check_database(self) -> None:
        """That it answers, and gives us as many connections as we may want."""
        await self._wait_for_database()
        budget = ConnectionBudget.of(self.settings)
        async with self.database.reading() as session:
            if self.settings.database_direct_url is None and await is_pooled(session):
                raise StartFailed(POOLER)
            limit = await connection_limit(session)
            if budget.total > limit and self.settings.environment is not Environment.DEVELOPMENT:
                raise StartFailed(
                    f"This service may open {budget}, and PostgreSQL gives it {limit}. Lower DATABASE__POOL_SIZE, "
                    "DATABASE__MAX_OVERFLOW, WEB_CONCURRENCY or SCALE__WEB_REPLICAS, raise max_connections, or put "
                    "PgBouncer in front (DATABASE_DIRECT_URL)."
                )
            if self.settings.database_direct_url and await statement_timeout(session) == "0":
                # A pooler takes no options of ours: whoever sets it up must set the limit.
                log.warning("no_statement_timeout", hint="ALTER ROLE … SET statement_timeout = '15s'")

    async def _wait_for_database(self) -> None:
        """In production a process that starts while PostgreSQL is away waits for it: if it ended, a supervisor would
        end the healthy ones as well. Raises for what waiting does not mend: a wrong password, a name that is not
        there."""
        while True:
            try:
                await self.drain.unless_begun(self.database.ping())
                return
            except OperationalError as error:
                # A refused login comes without SQLSTATE; that somebody answered shows in the text alone.
                refused = "FATAL:" in str(error.orig) and "the database system is" not in str(error.orig)
                if refused or self.settings.environment is not Environment.PRODUCTION:
                    raise
                log.warning("waiting_for_postgresql", setting="DATABASE_URL", **reason_of(error))
            await self.drain.unless_begun(asyncio.sleep(WAIT_SECONDS))

    def _prepare_development_database(self) -> None:
        """Migrate an empty one, so that `uvicorn main:app` works at once; of any other say what it lacks."""
        url, project = self.servers.direct_url, self.settings.project_folder
        if is_empty(url):
            upgrade(url, project)
            return
        try:
            pending = missing(url, project)
        except CommandError as error:  # another branch's
            log.warning("unknown_migration", reason=str(error), hint="ondol doctor")
            return
        if pending:
            log.warning("pending_migrations", missing=pending, hint="ondol db upgrade")

    def _attach(self) -> Attachment:
        project = self.settings.project_folder
        return attach(StateFolder.for_project(project))


@contextmanager
def _step(sentence: str) -> Iterator[None]:
    try:
        yield
    except (StartFailed, ServersError) as error:
        raise StartFailed(str(error)) from error
    except Stopped as error:
        raise StartFailed("Stopped before PostgreSQL answered.") from error
    except Exception as error:
        if "unsupported startup parameter" in str(error):  # PgBouncer's words
            raise StartFailed(POOLER) from error
        reason = (str(error).splitlines() or ["no reason given"])[0]
        raise StartFailed(f"{sentence}. ({type(error).__name__}: {reason})") from error
