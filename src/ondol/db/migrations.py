"""Alembic, called by the command, the development servers and the tests alike."""

import time
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, NullPool, create_engine

from ondol.db.urls import with_driver, without_driver

LOCK_KEY = 0x0_4F6E646F6C  # "Ondol"
POLL_SECONDS = 0.1


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


def run_migrations(context: Any, metadata: MetaData) -> None:
    """What a project's `migrations/env.py` calls."""
    engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            transaction_per_migration=True,
            include_object=_is_ours,
            compare_type=True,
            compare_server_default=True,
        )
        with context.begin_transaction():
            context.run_migrations()


def _is_ours(_: Any, name: str | None, kind: str, *__: Any) -> bool:
    """procrastinate's tables are not among the models, and autogenerate would drop them."""
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))
