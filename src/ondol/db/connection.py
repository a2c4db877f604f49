"""Settings and checks for the connections of SQLAlchemy's pools."""

from typing import Any

import psycopg
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, ExceptionContext

CANCEL_SECONDS = 1.0


class CancellableConnection(psycopg.AsyncConnection[Any]):
    """Close the connection if the server does not cancel a statement within CANCEL_SECONDS, as behind a silent proxy.

    psycopg itself waits up to ten seconds.
    """

    async def cancel_safe(self, *, timeout: float = CANCEL_SECONDS) -> None:  # noqa: ASYNC109
        try:
            await super().cancel_safe(timeout=min(timeout, CANCEL_SECONDS))
        except psycopg.Error:
            self.pgconn.finish()
            raise


class TransactionAborted(Exception):
    """An error of PostgreSQL was caught in the block, which then went on: its COMMIT would be a ROLLBACK, silently.

    It is a programming error: let the error pass, or run what may fail in `session.begin_nested()`.
    """

    def __init__(self) -> None:
        super().__init__("A statement in this transaction failed, so the transaction cannot be committed.")


def refuse_aborted(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    if driver.info.transaction_status is TransactionStatus.INERROR:
        # SQLAlchemy takes a commit that raises for one that was sent: the pool would not roll back.
        connection.connection.rollback()
        raise TransactionAborted


def discard_useless(context: ExceptionContext) -> None:
    """Has the pool connect anew where an old connection stays wrong: to a server that is a replica by now, or with
    statements prepared before a migration changed what they return."""
    error = context.original_exception
    if isinstance(error, ReadOnlySqlTransaction) or "cached plan must not change" in str(error):
        context.is_disconnect = True


def use_utc(connection: Any, _: Any) -> None:
    """For PgBouncer, which keeps the time zone of each of its clients."""
    cursor = connection.cursor()
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.close()
    connection.commit()
