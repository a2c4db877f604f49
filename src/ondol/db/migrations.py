"""Alembic, called by the command, the development servers and the tests alike."""

import time
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.errors import LockNotAvailable
from sqlalchemy import MetaData, NullPool, create_engine
from sqlalchemy.exc import OperationalError

from ondol.db.concurrent_indexes import make_indexes_concurrent
from ondol.db.urls import with_driver, without_driver

LOCK_KEY = 0x0_4F6E646F6C  # "Ondol"
POLL_SECONDS = 0.1
LOCK_TIMEOUT_SECONDS = 10
"""A migration that waits for a table has everybody else wait behind it: it gives up, changes nothing, and can be run
again."""


class MigrationBlocked(Exception):
    """Others hold a lock on what a migration changes. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            f"A migration waited {LOCK_TIMEOUT_SECONDS} s for a table that others are using, and gave up: run it again."
        )


def alembic_config(database_url: str, project: Path) -> Config:
    """Alembic's configuration for the project's `migrations/`, without an alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(project / "migrations").replace("%", "%%"))
    # env.py imports the project's models.
    config.set_main_option("prepend_sys_path", str(project).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("sqlalchemy.url", with_driver(database_url).replace("%", "%%"))
    return config


def upgrade(database_url: str, project: Path, revision: str = "head") -> None:
    """Migrates to `revision`. Of several processes that start together one migrates, the others wait.

    Raises MigrationBlocked, and Alembic's CommandError for a revision that is not there or not one.

    The lock is polled: a session that *waits* in pg_advisory_lock holds a snapshot, on which CREATE INDEX CONCURRENTLY
    of the one that migrates would wait for ever.
    """
    with psycopg.connect(without_driver(database_url), autocommit=True) as connection:
        while not connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone()[0]:  # type: ignore[index]
            time.sleep(POLL_SECONDS)
        command.upgrade(alembic_config(database_url, project), revision)


def revise(database_url: str, project: Path, message: str, *, autogenerate: bool = True) -> None:
    """Writes a new migration from the difference between the models and the database."""
    command.revision(alembic_config(database_url, project), message, autogenerate=autogenerate)


def heads(project: Path) -> list[str]:
    """The newest migrations; more than one where two branches went on from the same."""
    return list(ScriptDirectory(str(project / "migrations")).get_heads())


def merge(project: Path, message: str) -> None:
    """Writes a migration that joins all heads."""
    command.merge(alembic_config("postgresql://", project), "heads", message=message)


def check(database_url: str, project: Path) -> None:
    """Raises alembic.util.CommandError when the models and the migrations differ."""
    config = alembic_config(database_url, project)
    config.stdout = StringIO()  # the answer is whether it raises
    command.check(config)


def sql(project: Path, revisions: str = "head") -> str:
    """The SQL of migrations, `FROM:TO` or from nothing to one, without a database: to be read, or linted."""
    config = alembic_config("postgresql://", project)
    config.output_buffer = StringIO()
    command.upgrade(config, revisions, sql=True)
    return config.output_buffer.getvalue()


def run_migrations(context: Any, metadata: MetaData) -> None:
    """What a project's `migrations/env.py` calls, forward and back. Raises MigrationBlocked."""
    if context.is_offline_mode():
        context.configure(
            dialect_name="postgresql",
            target_metadata=metadata,
            literal_binds=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            transaction_per_migration=True,
            include_object=_is_ours,
            compare_type=True,
            compare_server_default=True,
            process_revision_directives=make_indexes_concurrent,
        )
        try:
            with context.begin_transaction():
                context.run_migrations()
        except OperationalError as error:
            if isinstance(error.orig, LockNotAvailable):
                raise MigrationBlocked from error
            raise


def _is_ours(_: Any, name: str | None, kind: str, *__: Any) -> bool:
    """procrastinate's tables are not among the models, and autogenerate would drop them."""
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))
