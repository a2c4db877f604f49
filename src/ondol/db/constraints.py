"""Database errors as problems for the client. Name a constraint in the service that may violate it.

Its violation is then a problem, also when two requests race past an earlier check. A violation of any other constraint
is a bug: a 500 and a line in the log.

    from ondol import Conflict
    from ondol.db.constraints import violation_as
    class EmailTaken(Conflict):
        code = "email_taken"
    with violation_as(EmailTaken, "uq_users_email"):
        ...  # await users.add(user)
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.errors import ForeignKeyViolation
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from ondol.errors import Conflict, Problem, Unavailable
from ondol.observability.traces import kind_of, says_values


class StillReferenced(Conflict):
    code = "still_referenced"
    detail = "Other data still refers to this. Remove it first."


class ChangedMeanwhile(Conflict):
    code = "changed_meanwhile"
    detail = "Another request has changed this. Read it again and repeat your change."


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"
    detail = "The database is temporarily unavailable. Try again."


# Transient errors, by SQLSTATE (PostgreSQL's appendix A): lost connections and refused logins, deadlocks and
# serialisation failures, no space or no free connection, a lock timeout, a cancelled statement or a shutdown, disk
# errors, and a failover to a read-only server. Any other error of PostgreSQL is a bug in the service.
_PASSING = ("08", "25006", "28", "40", "53", "55P03", "57", "58")


@contextmanager
def violation_as(problem: type[Problem], constraint: str) -> Iterator[None]:
    """Raise `problem` if the block violates the constraint of that name (unique, foreign key, check, exclusion)."""
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.orig, psycopg.Error) and error.orig.diag.constraint_name == constraint:
            raise problem from error
        raise


@contextmanager
def still_referenced() -> Iterator[None]:
    """Raise StillReferenced if a deletion in the block would leave a foreign key without its row."""
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.orig, ForeignKeyViolation):
            raise StillReferenced from error
        raise


def problem_for(error: Exception) -> Problem | None:
    """Return the problem for an error of SQLAlchemy; None if the error is a bug in the service."""
    if isinstance(error, StaleDataError):
        return ChangedMeanwhile()
    if isinstance(error, PoolTimeout):
        return DatabaseUnavailable()
    if not isinstance(error, DBAPIError):
        return None
    original = error.orig
    return DatabaseUnavailable() if error.connection_invalidated or _passes(original) else None


def _passes(error: object) -> bool:
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:  # no server answered
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate.startswith(_PASSING)


def reason_of(error: Exception) -> dict[str, str | None]:
    """Return the SQLSTATE and the message of PostgreSQL or the driver for the log, without values."""
    cause: BaseException | None = error.__cause__ if isinstance(error, Problem) else error
    original = cause.orig if isinstance(cause, DBAPIError) else cause or error
    said = (str(original).splitlines() or [""])[0]
    if isinstance(original, psycopg.Error) and says_values(original):
        said = kind_of(original)
    return {"sqlstate": original.sqlstate if isinstance(original, psycopg.Error) else None, "reason": said}
