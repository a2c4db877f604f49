"""The runtime: one object with all open resources of a service, opened in order and closed in reverse order.

Use it instead of module-level engines and clients: two apps with two sets of settings can share a process.

    from sqlalchemy import text
    from ondol.runtime import Runtime
    from ondol.settings import Settings
    settings = Settings(environment="test", database_url=database_url, redis_url=redis_url)
    async with Runtime(settings).opened() as runtime, runtime.transaction() as work:
        assert await work.session.scalar(text("SELECT 1")) == 1
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, ParamSpec, Self

import structlog
from procrastinate import JobContext
from procrastinate.tasks import Task
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import TypeVar

from ondol.auth.client import NO_CLIENT, Client
from ondol.auth.devices import DeviceTokens
from ondol.auth.passwords import hasher_for
from ondol.auth.refresh import RefreshTokens
from ondol.auth.tokens import tokens_for
from ondol.cache import Cache
from ondol.db.pagination import Paginator
from ondol.db.reading import ReadSession
from ondol.db.session import Database
from ondol.db.shares import Shares
from ondol.dev.servers import Attachment, StateFolder, attach
from ondol.jobs.queue import AnyTask, defer
from ondol.jobs.worker import Worker
from ondol.languages import Languages
from ondol.mail.mailer import Mailbox, Mailer
from ondol.observability.errors import ErrorHook, guarded
from ondol.observability.logging import configure_logging
from ondol.observability.metrics import CONNECTIONS_IN_USE, CONNECTIONS_LIMIT, count_lookup
from ondol.options import Environment
from ondol.rate_limits.limiter import RateLimiter
from ondol.server.drain import Drain
from ondol.server.state import OPTIONS, ServerOptions, is_strict
from ondol.settings import Settings
from ondol.settings.load import refusal
from ondol.startup import StartFailed, check_database, prepare_development_database, step

log = structlog.stdlib.get_logger("ondol")

S_co = TypeVar("S_co", bound=Settings, default=Settings, covariant=True)
P = ParamSpec("P")
T = TypeVar("T")


def settle_memory() -> None:
    """Exclude the objects made at startup from garbage collection: they live as long as the process, and reference
    counting frees the objects of a request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@dataclass(frozen=True)
class Servers:
    """The URLs of PostgreSQL and Valkey. `direct_url`: PostgreSQL itself if `database_url` points to a pooler."""

    database_url: str
    direct_url: str
    redis_url: str


class Runtime(Generic[S_co]):
    """The parts of a running service. `Runtime[AppSettings]` has the project's own settings.

    Parts without a connection (`tokens`, `passwords`, `paginator`, `mailer`) are always available; `database`, `cache`
    and `rate_limiter` only between `open()` and `close()`.
    """

    database: Database
    cache: Cache
    rate_limiter: RateLimiter
    servers: Servers

    def __init__(
        self,
        settings: S_co,
        *,
        jobs: Sequence[AnyTask] = (),
        languages: Path | None = None,
        on_error: ErrorHook | None = None,
    ) -> None:
        """`jobs`: the worker's tasks. `languages`: the folder of the messages (`ondol.languages`); by default they are
        English. `on_error`: called with each unexpected error (`ondol.observability.errors`)."""
        self.settings = settings
        try:
            self.languages = Languages(languages, default=settings.http.default_language)
        except ValueError as error:
            raise refusal([str(error)]) from error
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
        self.shares = Shares(settings.database.pool_size, settings.database.pool_timeout_seconds)
        # The server accepts WebSockets unless the web layer replaces this.
        self.has_websockets: Callable[[], bool] = lambda: True
        self._open_parts = AsyncExitStack()

    @classmethod
    def of(cls, context: JobContext) -> Self:
        """Return the runtime of the worker that runs a job."""
        runtime: Self = context.additional_context["runtime"]
        return runtime

    async def send_mail(self, mail: str, /, *, to: str, language: str | None = None, **values: str) -> None:
        """Send the mail `[mails.MAIL]` of the languages' files, with `values` and `links` in it.

        Raises KeyError if no file has the mail, and the errors of `Mailer.send`."""
        texts = self.languages.text(language, "mails", mail, links=self.settings.mail.links, **values)
        await self.mailer.send(to=to, subject=texts["subject"], text=texts["text"])

    @asynccontextmanager
    async def transaction(self, client: Client = NO_CLIENT) -> AsyncIterator["UnitOfWork[S_co]"]:
        """Open a unit of work in one transaction: everything in the block commits together, or nothing does."""
        async with self.database.transaction() as session:
            yield UnitOfWork(session, self, client)

    @asynccontextmanager
    async def reading(self, client: Client = NO_CLIENT) -> AsyncIterator["UnitOfWork[S_co]"]:
        """Open a read-only unit of work. Each statement takes one round trip and has its own snapshot."""
        async with self.database.reading() as session:
            yield UnitOfWork(session, self, client)

    async def open(self) -> None:
        """Open everything in order. If a step fails, close the parts opened before it. Raises StartFailed."""
        async with AsyncExitStack() as parts:
            parts.callback(self.passwords.close)
            with step("The development servers did not start"):
                self.servers = await self.locate_servers()
            with step("PostgreSQL does not answer: check DATABASE_URL"):
                self.database = self._database()
                parts.push_async_callback(self.database.close)
                await check_database(self.database, self.settings, self.drain)
            with step("The cache cannot be created: check REDIS_URL"):
                self.cache = Cache(
                    self.servers.redis_url, self.servers.direct_url, self.settings.valkey, on_lookup=count_lookup
                )
                parts.push_async_callback(self.cache.close)
            with step("LISTEN on PostgreSQL failed: check DATABASE_DIRECT_URL, or DATABASE_URL without it"):
                await self.cache.open()
            self.rate_limiter = RateLimiter(self.servers.redis_url, self.settings.valkey)
            parts.push_async_callback(self.rate_limiter.close)
            if not await self.cache.is_up():
                # Not an error: the data in the cache may be lost.
                log.warning("valkey_down_at_start", setting="REDIS_URL")
            if self.cache.is_on_cluster:
                raise StartFailed("REDIS_URL points to a Valkey in cluster mode. Use a server without it.")
            self._open_parts = parts.pop_all()

    async def close(self) -> None:
        """Close everything in reverse order."""
        await self._open_parts.aclose()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Self]:
        """Open the runtime for a with block, and close it afterwards."""
        await self.open()
        try:
            yield self
        finally:
            await self.close()

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[dict[str, Any]]:
        """Run the service, for `FastAPI(lifespan=ondol.lifespan)`. Yields the ASGI lifespan state for the server."""
        configure_logging(self.settings.logging, sql=self.settings.debug)
        # Signals are handled from the start: a process that waits for PostgreSQL must stop too.
        with self.drain.installed():
            async with self.opened():
                yield await self._start_serving()
        log.info("stopped")

    async def _start_serving(self) -> dict[str, Any]:
        if self.settings.database_url is None:
            await asyncio.to_thread(prepare_development_database, self.servers.direct_url, self.settings.project_folder)
        if self.settings.environment is not Environment.TEST:
            settle_memory()
        log.info("started", environment=self.settings.environment.value)
        if self.settings.environment is Environment.PRODUCTION and not is_strict():
            log.warning("server_without_limits", hint="use `ondol serve` or gunicorn: docs/en/explain/security.md")
        self.drain.is_serving = True
        return {OPTIONS: self._server_options()}

    async def locate_servers(self) -> Servers:
        """Return the servers that the settings name, or in development the embedded ones."""
        database, redis = self.settings.database_url, self.settings.redis_url
        # Production always has both: the settings require them.
        attachment = None if database and redis else await asyncio.to_thread(self._attach)
        database_url = database.get_secret_value() if database else attachment.database_url  # type: ignore[union-attr]
        direct = self.settings.database_direct_url
        return Servers(
            database_url,
            direct.get_secret_value() if direct else database_url,
            redis.get_secret_value() if redis else attachment.redis_url,  # type: ignore[union-attr]
        )

    def worker(self) -> Worker:
        """Return a worker for this service's jobs. The runtime must be open."""
        settings = self.settings
        return Worker(
            *(self, self.jobs, self.servers.direct_url, settings.jobs),
            time_zone=settings.time_zone,
            on_error=self.report,
        )

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
        CONNECTIONS_LIMIT.set(settings.database.pool_size + settings.database.read_pool_size)
        return Database(
            self.servers.database_url,
            settings.database,
            pooled=settings.database_direct_url is not None,
            on_use=CONNECTIONS_IN_USE.inc,
        )

    def _attach(self) -> Attachment:
        return attach(StateFolder.for_project(self.settings.project_folder))


@dataclass(frozen=True, slots=True)
class UnitOfWork(Generic[S_co]):
    """A database session, the runtime and the client, for a service and its repositories: `OrderService(work)`.

    A router gets its service from `ondol.web.unit_of_work`; jobs, commands and tests use `runtime.transaction()`.
    """

    session: AsyncSession
    runtime: Runtime[S_co]
    client: Client = NO_CLIENT

    @property
    def settings(self) -> S_co:
        """Return the runtime's settings."""
        return self.runtime.settings

    async def cached(
        self,
        key: str,
        load: Callable[[], Awaitable[T | None]],
        type_: type[T],
        *,
        seconds: float,
        tags: Iterable[str] = (),
        memory_seconds: float = 0,
    ) -> T | None:
        """Return the value of `key` from the cache or from `load`; see `Cache.get`. `seconds=0`: always from `load`.

        A transaction always loads: it may see uncommitted data, which must not reach the cache.
        """
        if not seconds or not isinstance(self.session, ReadSession):
            return await load()
        return await self.runtime.cache.get(key, load, type_, seconds=seconds, tags=tags, memory_seconds=memory_seconds)

    def invalidate(self, *tags: str) -> None:
        """Invalidate everything cached under `tags` when this unit of work commits."""
        self.runtime.cache.invalidate(self.session, *tags)

    async def enqueue(self, task: Task[Any, Any, P], /, *_: P.args, **arguments: P.kwargs) -> int:
        """Add a job and return its number. If the transaction rolls back, the job is not enqueued."""
        return await defer(self.session, task, arguments)

    async def enqueue_at(self, moment: datetime, task: Task[Any, Any, P], /, *_: P.args, **arguments: P.kwargs) -> int:
        """Add a job that runs at `moment` (aware) or later, and return its number."""
        return await defer(self.session, task, arguments, at=moment)

    async def enqueue_in(self, delay: timedelta, task: Task[Any, Any, P], /, *_: P.args, **arguments: P.kwargs) -> int:
        """Add a job that runs after `delay`, and return its number."""
        return await defer(self.session, task, arguments, at=datetime.now(UTC) + delay)
