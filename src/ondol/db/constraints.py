"""What the database's refusals mean to a client.

A constraint that a service names is a problem, also when two requests race past a check made before. One that nobody
named is a defect: a 500 and a line in the log.
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


# What passes, by SQLSTATE (PostgreSQL's appendix A): lost connections and a refused login, deadlocks and serialisation,
# no room or no more connections, a lock that is not free, a statement that was cut or a server that ends, its disk, and
# a failover to a server that only reads. Whatever else PostgreSQL says is a defect of ours.
_PASSING = ("08", "25006", "28", "40", "53", "55P03", "57", "58")


@contextmanager
def violation_as(problem: type[Problem], constraint: str) -> Iterator[None]:
    """Raises `problem` where the block violates the constraint of that name (unique, foreign key, check, exclusion).

    with violation_as(EmailTaken, "uq_users_email"):
        await users.add(user)
    """
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.orig, psycopg.Error) and error.orig.diag.constraint_name == constraint:
            raise problem from error
        raise


@contextmanager
def still_referenced() -> Iterator[None]:
    """Raises StillReferenced where a deletion in the block leaves a foreign key that leads nowhere."""
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.orig, ForeignKeyViolation):
            raise StillReferenced from error
        raise


def problem_for(error: Exception) -> Problem | None:
    """The problem an error of SQLAlchemy amounts to; None for one that is a defect of ours."""
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
    if error.sqlstate is None:  # nobody answered
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate.startswith(_PASSING)


def reason_of(error: Exception) -> dict[str, str | None]:
    """Return for the log the SQLSTATE and what PostgreSQL or the driver said, without values."""
    cause: BaseException | None = error.__cause__ if isinstance(error, Problem) else error
    original = cause.orig if isinstance(cause, DBAPIError) else cause or error
    said = (str(original).splitlines() or [""])[0]
    if isinstance(original, psycopg.Error) and says_values(original):
        said = kind_of(original)
    return {"sqlstate": original.sqlstate if isinstance(original, psycopg.Error) else None, "reason": said}
