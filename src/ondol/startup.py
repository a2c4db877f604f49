"""Checks before a runtime serves: PostgreSQL answers, is reached as the settings say, and is migrated."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from ondol.db import revisions
from ondol.db.constraints import reason_of
from ondol.db.session import Database, is_pooled
from ondol.dev.servers import ServersError
from ondol.options import Environment
from ondol.server.drain import Drain, Stopped
from ondol.settings import Settings

WAIT_SECONDS = 2.0
_TIMEOUTS = text("""
    SELECT name FROM unnest(ARRAY['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) AS name
    WHERE current_setting(name) = '0'
""")
POOLER = (
    "DATABASE_URL points to a pooler such as PgBouncer: set DATABASE_DIRECT_URL to PostgreSQL itself, for LISTEN, jobs "
    "and migrations."
)

log = structlog.stdlib.get_logger("ondol")


class StartFailed(Exception):
    """A part could not be opened. The message names the setting to check."""


@contextmanager
def step(sentence: str) -> Iterator[None]:
    """Raise StartFailed with `sentence` and the reason if the block raises."""
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


async def check_database(database: Database, settings: Settings, drain: Drain) -> None:
    """Raise StartFailed if PostgreSQL does not answer, or a pooler is in front and DATABASE_DIRECT_URL is not set."""
    await _wait_for(database, settings.environment, drain)
    async with database.reading() as session:
        if settings.database_direct_url is None and await is_pooled(session):
            raise StartFailed(POOLER)
        if settings.database_direct_url and (unlimited := (await session.scalars(_TIMEOUTS)).all()):
            # A pooler ignores connection options, so the limits must be set on the role.
            log.warning("no_timeouts", settings=unlimited, hint="ALTER ROLE … SET …: `ondol docs deploy`")


async def _wait_for(database: Database, environment: Environment, drain: Drain) -> None:
    """Wait for PostgreSQL, in production only: if the process exited, a supervisor would stop the healthy ones too.
    Raises OperationalError for permanent errors: a wrong password, an unknown role or database."""
    while True:
        try:
            await drain.unless_begun(database.ping())
            return
        except OperationalError as error:
            # A refused login has no SQLSTATE; only the text shows that a server answered.
            refused = "FATAL:" in str(error.orig) and "the database system is" not in str(error.orig)
            if refused or environment is not Environment.PRODUCTION:
                raise
            log.warning("waiting_for_postgresql", setting="DATABASE_URL", **reason_of(error))
        await drain.unless_begun(asyncio.sleep(WAIT_SECONDS))


def prepare_development_database(url: str, project: Path) -> None:
    """Migrate an empty database, so that `uvicorn main:app` works at once; log whether any other is behind."""
    applied = revisions.applied(url)
    if applied is None:
        subprocess.run([sys.executable, "-m", "ondol.db.migrations", url, str(project)], check=True)
        return
    declared = revisions.declared(project)
    newest = declared.keys() - set().union(*declared.values())
    if unknown := applied - declared.keys():  # of another branch
        log.warning("unknown_migration", revisions=sorted(unknown), hint="ondol doctor")
    elif applied != newest:
        log.warning("pending_migrations", newest=sorted(newest), hint="ondol db upgrade")
