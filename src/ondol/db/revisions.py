"""The migrations of a project and of its database, read without Alembic: production starts without loading it."""

import re
from pathlib import Path

import psycopg

from ondol.db.urls import libpq_url

VERSIONS = Path("migrations") / "versions"
_LINK = re.compile(r"^(revision|down_revision)\b[^=\n]*=(.*)$", re.MULTILINE)
_ID = re.compile(r"""["']([^"']+)["']""")
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"


def declared(project: Path) -> dict[str, set[str]]:
    """Return the ids of the project's migrations, each with those before it."""
    found = {}
    for file in (project / VERSIONS).glob("*.py"):
        links = dict(_LINK.findall(file.read_text(encoding="utf-8")))
        for revision in _ID.findall(links.get("revision", "")):
            found[revision] = set(_ID.findall(links.get("down_revision", "")))
    return found


def applied(database_url: str) -> set[str] | None:
    """Return the ids of the newest migrations that ran; None if the database has no table."""
    with psycopg.connect(libpq_url(database_url)) as connection:
        tables = {name for (name,) in connection.execute(_TABLES)}
        if "alembic_version" not in tables:
            return set() if tables else None
        return {revision for (revision,) in connection.execute("SELECT version_num FROM alembic_version")}
