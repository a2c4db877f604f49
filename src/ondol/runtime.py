"""The runtime: everything a service holds open, on one object.

There is no module-level engine or client: two apps with two sets of settings can live in one process. Everything is
opened in order by the lifespan and closed in the reverse order.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import structlog

from ondol.auth.passwords import PasswordHasher
from ondol.auth.refresh import RefreshTokens
from ondol.auth.tokens import AccessTokens
from ondol.cache import Cache
from ondol.db.migrations import upgrade
from ondol.db.pagination import Paginator
from ondol.db.session import Database
from ondol.dev.servers import Attachment, ServersError, StateFolder, attach
from ondol.jobs.queue import Job
from ondol.jobs.worker import Worker
from ondol.mail import Mailbox, Mailer
from ondol.observability.logging import configure_logging
from ondol.settings import Environment, Settings

log = structlog.stdlib.get_logger("ondol")


class StartFailed(Exception):
    """A part could not be opened. The message names the setting to look at."""


class Ondol:
    """The parts of a running service.

    Those that need nothing open (`tokens`, `passwords`, `paginator`, `mailer`) are there at once; `database` and
    `cache` between `open()` and `close()`.
    """

    database: Database
    cache: Cache
    database_url: str
    redis_url: str

    def __init__(self, settings: Settings, *, jobs: Sequence[Job] = ()) -> None:
        self.settings = settings
        self.jobs = jobs
        auth = settings.auth
        secret = auth.secret_key.get_secret_value()
        self.passwords = PasswordHasher(auth.password_hash, threads=auth.hashing_threads)
        self.tokens = AccessTokens(
            secret, issuer=auth.issuer, audience=auth.audience, lifetime_seconds=auth.access_token_seconds
        )
        self.refresh_tokens = RefreshTokens(secret.encode())
        self.paginator = Paginator(secret.encode())
        self.mailer = Mailer(settings.mail, Mailbox(settings.project_folder / settings.mail.folder))
        self._open_parts = AsyncExitStack()

    async def open(self) -> None:
        """Opens everything in order. A step that fails closes what was opened. Raises StartFailed."""
        async with AsyncExitStack() as parts:
            parts.callback(self.passwords.close)
            with _step("The development servers do not start"):
                self.database_url, self.redis_url = await self.locate_servers()
            with _step("PostgreSQL does not answer; look at DATABASE_URL"):
                self.database = Database(self.database_url, self.settings.database)
                parts.push_async_callback(self.database.close)
                await self.database.ping()
            with _step("The cache cannot be made; look at REDIS_URL"):
                self.cache = Cache(self.redis_url, self.database_url, self.settings.cache)
                parts.push_async_callback(self.cache.close)
            with _step("PostgreSQL does not let us LISTEN; look at DATABASE_URL"):
                await self.cache.open()
            if not await self.cache.is_up():
                # Not an error: the cache holds only what may be lost.
                log.warning("valkey_down_at_start", setting="REDIS_URL")
            self._open_parts = parts.pop_all()

    async def close(self) -> None:
        """Closes everything, newest first."""
        await self._open_parts.aclose()

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[None]:
        """For `FastAPI(lifespan=ondol.lifespan)`."""
        configure_logging(self.settings.logging)
        await self.open()
        log.info("started", environment=self.settings.environment.value)
        try:
            yield
        finally:
            await self.close()
            log.info("stopped")

    async def locate_servers(self) -> tuple[str, str]:
        """The URLs of PostgreSQL and Valkey: the settings', or in development those of the embedded servers."""
        database, redis = self.settings.database_url, self.settings.redis_url
        if database is not None and redis is not None:
            return database.get_secret_value(), redis.get_secret_value()
        if self.settings.environment is Environment.PRODUCTION:
            raise StartFailed("DATABASE_URL and REDIS_URL must be set in production.")
        attachment = await asyncio.to_thread(self._attach)
        return (
            database.get_secret_value() if database else attachment.database_url,
            redis.get_secret_value() if redis else attachment.redis_url,
        )

    def worker(self) -> Worker:
        """A worker for this service's jobs; the runtime must be open."""
        return Worker(self, self.jobs, self.database_url, self.settings.jobs)

    def _attach(self) -> Attachment:
        project = self.settings.project_folder
        attachment = attach(StateFolder.for_project(project))
        if self.settings.database_url is None:
            upgrade(attachment.database_url, project)
        return attachment


@contextmanager
def _step(sentence: str) -> Iterator[None]:
    try:
        yield
    except (StartFailed, ServersError) as error:
        raise StartFailed(str(error)) from error
    except Exception as error:
        reason = (str(error).splitlines() or ["no reason given"])[0]
        raise StartFailed(f"{sentence}. ({type(error).__name__}: {reason})") from error
