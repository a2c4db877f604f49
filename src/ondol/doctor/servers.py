"""Checks of the PostgreSQL and Valkey that the settings name."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import redis
from alembic.util import CommandError

from ondol.db import migrations
from ondol.db.migrations import SeveralHeads
from ondol.db.revisions import applied
from ondol.db.urls import libpq_url
from ondol.doctor.findings import Finding, error, warning
from ondol.runtime import Servers

CONNECT_SECONDS = 3
SKEW_SECONDS = 5.0
"""Limit of the clocks' difference: tokens carry the web servers' time, rows carry PostgreSQL's."""
OLDEST_POSTGRESQL = 140_000


def check_servers(servers: Servers, project: Path, *, is_embedded: bool) -> Iterator[Finding]:
    """Yield problems of the servers. `is_embedded`: PostgreSQL is the development server, migrated at startup."""
    yield from _valkey(servers.redis_url)
    try:
        with psycopg.connect(libpq_url(servers.direct_url), connect_timeout=CONNECT_SECONDS) as connection:
            yield from _postgresql(connection)
    except psycopg.OperationalError as reason:
        said = str(reason).splitlines()[0]
        yield error("PostgreSQL", f"It does not answer: {said}", "Check DATABASE_URL with `ondol settings`.")
        return
    try:
        migrations.refuse_several_heads(project)
        if is_embedded and applied(servers.direct_url) is None:
            return
        migrations.compare(servers.direct_url, project)
    except SeveralHeads as reason:
        yield error("migrations", str(reason), "Run `ondol db merge`.")
    except CommandError as reason:
        yield from _difference(str(reason))


def _postgresql(connection: "psycopg.Connection[tuple[float, int]]") -> Iterator[Finding]:
    row = connection.execute(
        "SELECT extract(epoch FROM clock_timestamp())::float8, current_setting('server_version_num')::int"
    ).fetchone()
    assert row is not None
    skew = abs(time.time() - row[0])
    if skew > SKEW_SECONDS:
        problem = f"This machine's clock and PostgreSQL's are {skew:.0f} s apart: tokens and rows differ in time."
        yield error("clock", problem, "Synchronise both with NTP.")
    if row[1] < OLDEST_POSTGRESQL:
        yield error("PostgreSQL", f"Version {row[1] // 10_000} is too old.", "Use PostgreSQL 14 or newer.")


def _valkey(url: str) -> Iterator[Finding]:
    client = redis.Redis.from_url(url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS)
    try:
        with client:
            client.ping()
    except redis.RedisError as reason:
        problem = f"It does not answer ({type(reason).__name__}). The service works, but every read goes to PostgreSQL."
        yield warning("Valkey", problem, "Check REDIS_URL with `ondol settings`.")


def _difference(said: str) -> Iterator[Finding]:
    if "not up to date" in said:
        yield error("migrations", "The database is not fully migrated.", "Run `ondol db upgrade`.")
    elif "New upgrade operations detected" in said:
        yield error("migrations", "The models have changes without a migration.", "Run `ondol db revision`.")
    elif "Can't locate revision" in said:
        problem = "The database is at a migration that this project does not have."
        yield error("migrations", problem, "Check DATABASE_URL: is it another project's, or newer than this code?")
    else:
        yield error("migrations", said, "Run `ondol db check`.")
