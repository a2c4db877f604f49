"""Settings and checks for the connections of SQLAlchemy's pools."""

from typing import Any

import psycopg
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, ExceptionContext

CANCEL_SECONDS = 1.0


class CancellableConnection(psycopg.AsyncConnection[Any]):
    """A connection that closes if the server does not cancel a statement within CANCEL_SECONDS (a silent network).

    psycopg itself waits up to ten seconds.
    """

    async def cancel_safe(self, *, timeout: float = CANCEL_SECONDS) -> None:  # noqa: ASYNC109
        try:
            await super().cancel_safe(timeout=min(timeout, CANCEL_SECONDS))
        except psycopg.Error:
            self.pgconn.finish()
            raise


class TransactionAborted(Exception):
    """The block caught an error of PostgreSQL and continued: its COMMIT would silently be a ROLLBACK.

    This is a programming error: do not catch the error, or run the statement in `session.begin_nested()`.
    """

    def __init__(self) -> None:
        super().__init__("A statement in this transaction failed, so the transaction cannot be committed.")


def refuse_aborted(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    if driver.info.transaction_status is TransactionStatus.INERROR:
        # SQLAlchemy assumes that a commit that raises was sent, so the pool would not roll back.
        connection.connection.rollback()
        raise TransactionAborted


def discard_useless(context: ExceptionContext) -> None:
    """Make the pool reconnect if the connection can only fail: the server has become a replica, or statements were
    prepared before a migration changed their columns."""
    error = context.original_exception
    if isinstance(error, ReadOnlySqlTransaction) or "cached plan must not change" in str(error):
        context.is_disconnect = True


def use_utc(connection: Any, _: Any) -> None:
    """Set the time zone on connections to PgBouncer, which restores it for each of its clients."""
    cursor = connection.cursor()
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.close()
    connection.commit()
