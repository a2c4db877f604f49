"""Databases for tests: a migrated template, cloned, and emptied in one statement."""

import fcntl
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from ondol.db.migrations import upgrade
from ondol.dev.servers import Attachment

TEMPLATE = "ondol_template"

# `replica` disables foreign keys and triggers in this transaction, so the order of tables does not matter. DELETE on
# small tables is several times faster than TRUNCATE.
_EMPTY = """
DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
END $$
"""


@dataclass(frozen=True)
class TestDatabase:
    """The database of one process of the test run."""

    __test__ = False  # not a test class, despite its name

    url: str

    @classmethod
    def cloned(cls, template_url: str, name: str) -> "TestDatabase":
        """Create a copy of the template, replacing an older one, and return it."""
        with psycopg.connect(_maintenance(template_url), autocommit=True) as connection:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        return cls(_sibling(template_url, name))

    def empty(self) -> None:
        """Delete all rows except Alembic's."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(_EMPTY)


def migrated_template(servers: Attachment, project: Path) -> str:
    """Return the URL of the template. The first process creates it."""
    url = _sibling(servers.database_url, TEMPLATE)
    with (servers.state.path / "template.lock").open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with psycopg.connect(_maintenance(url), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
                return url
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        upgrade(url, project)
    return url


def _sibling(url: str, database: str) -> str:
    return f"{url.rpartition('/')[0]}/{database}"


def _maintenance(url: str) -> str:
    return _sibling(url, "postgres")
