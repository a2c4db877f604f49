"""What the database's refusals mean to a client.

A unique violation is a 409 named by its constraint, also when two requests race past a check made before.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.errors import CheckViolation, ForeignKeyViolation, ReadOnlySqlTransaction, UniqueViolation
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from ondol.errors import Conflict, Problem, Unavailable


class AlreadyExists(Conflict):
    code = "already_exists"
    detail = "This exists already."


class StillReferenced(Conflict):
    code = "still_referenced"
    detail = "Something else still refers to this, or this refers to something that does not exist."


class ConstraintViolated(Conflict):
    code = "constraint_violated"
    detail = "A rule of the stored data forbids this."


class ChangedMeanwhile(Conflict):
    code = "changed_meanwhile"
    detail = "Somebody changed this meanwhile: read it again and repeat your change."


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"
    detail = "The database does not answer just now; try again."


_CONFLICTS: dict[type[psycopg.Error], type[Conflict]] = {
    UniqueViolation: AlreadyExists,
    ForeignKeyViolation: StillReferenced,
    CheckViolation: ConstraintViolated,
}
# Lost connections, deadlocks, cut statements, a full disk: psycopg calls them all operational. And a failover.
_PASSING = (psycopg.OperationalError, ReadOnlySqlTransaction)


@contextmanager
def violation_as(problem: type[Problem], constraint: str) -> Iterator[None]:
    """Raises `problem` where the block violates the constraint of that name: one code, with a race or without.

    with violation_as(EmailTaken, "uq_users_email"):
        await users.add(user)
    """
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.orig, psycopg.Error) and error.orig.diag.constraint_name == constraint:
            raise problem(constraint=constraint) from error
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
    for kind, conflict in _CONFLICTS.items():
        if isinstance(original, kind):
            return conflict(constraint=original.diag.constraint_name)
    if isinstance(original, _PASSING) or error.connection_invalidated:
        return DatabaseUnavailable()
    return None
