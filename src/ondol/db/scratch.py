"""A temporary empty database."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.errors import InsufficientPrivilege
from sqlalchemy.engine import make_url

from ondol.db.urls import libpq_url, without_options


class ScratchRefused(Exception):
    """The role may not create databases. The message tells the user what to do."""

    def __init__(self) -> None:
        super().__init__(
            "This needs a temporary database, and the role may not create one. Run ALTER ROLE … CREATEDB, or run this "
            "without DATABASE_URL."
        )


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    """Create an empty database on the server of `url`, and drop it afterwards. Raises ScratchRefused."""
    name = f"ondol_scratch_{secrets.token_hex(6)}"
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        try:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except InsufficientPrivilege as error:
            raise ScratchRefused from error
        try:
            yield make_url(without_options(url)).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
