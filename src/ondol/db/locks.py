"""The sessions that hold the lock a migration waits for, and the repair of invalid indexes."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import structlog
from psycopg import sql

POLL_SECONDS = 0.2
MAX_QUERY = 100

log = structlog.stdlib.get_logger("ondol")

_HOLDERS = """
    SELECT pid, extract(epoch FROM clock_timestamp() - xact_start)::int, state, left(query, %s)
    FROM pg_stat_activity WHERE pid = ANY (pg_blocking_pids(%s)) ORDER BY xact_start
"""
# Only indexes of the migrated schema, and not of tables on which an index is being built.
_INVALID = """
    SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE NOT indisvalid AND relkind = 'i' AND pg_has_role(relowner, 'USAGE')
    AND relnamespace = to_regnamespace(quote_ident(current_schema()))
    AND indrelid NOT IN (SELECT relid FROM pg_stat_progress_create_index)
"""
# Indexes that an interrupted REINDEX CONCURRENTLY leaves, according to PostgreSQL's documentation.
_LEFT_OVER = re.compile(r"_cc(new|old)\d*$")


@contextmanager
def holders(url: str, waiting_pid: int) -> Iterator[list[str]]:
    """Watch the sessions that block the server process `waiting_pid`; yield the list of the last ones seen, as text."""
    seen: list[str] = []
    ended = threading.Event()

    def watch() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not ended.wait(POLL_SECONDS):
                if rows := connection.execute(_HOLDERS, [MAX_QUERY, waiting_pid]).fetchall():
                    seen[:] = [_told(*row) for row in rows]

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _told(pid: int, seconds: int, state: str | None, query: str | None) -> str:
    return f"pid {pid} ({state}, its transaction is {seconds} s old): {' '.join((query or '').split())}"


def rebuild_invalid_indexes(connection: psycopg.Connection[Any]) -> None:
    """Rebuild indexes that CREATE INDEX CONCURRENTLY did not finish: PostgreSQL updates them but does not use them.

    `connection` must be in autocommit. Raises psycopg's errors, such as UniqueViolation.
    """
    found = {name for (name,) in connection.execute(_INVALID).fetchall()}
    left_over = set(filter(_LEFT_OVER.search, found))
    for name in left_over:
        connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(name)))
    for name in sorted(found - left_over):
        log.warning("invalid_index_rebuilt", index=name)
        connection.execute(sql.SQL("REINDEX INDEX CONCURRENTLY {}").format(sql.Identifier(name)))
