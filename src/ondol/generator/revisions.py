"""Write migrations, link them, and report their risks."""

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alembic import command
from alembic.operations import ops
from alembic.script import Script

from ondol.db.migrations import alembic_config, heads, refuse_several_heads, upgrade
from ondol.db.revisions import VERSIONS

_LINKS = re.compile(r"^revision = (.+)\ndown_revision = (.+)$", re.MULTILINE)


def next_revision(*projects: Path) -> str:
    """Return an id for a migration, which none of the folders has: the time in UTC, so that ids sort, such as
    `20261126083000`.

    A running number would not be unique: a newer starter or a colleague may use the same.
    """
    now = datetime.now(UTC)
    while any(file for project in projects for file in (project / VERSIONS).glob(f"{now:%Y%m%d%H%M%S}_*")):
        now += timedelta(seconds=1)
    return f"{now:%Y%m%d%H%M%S}"


def revise(scratch_url: str, project: Path, message: str) -> tuple[Path, Any]:
    """Write a migration for the difference between the models and the existing migrations.

    Return its file, and its operations as Alembic's autogenerate finds them. `scratch_url`: an empty database, which
    this migrates.
    """
    upgrade(scratch_url, project)
    found: list[Any] = []
    script = command.revision(
        alembic_config(scratch_url, project),
        message,
        autogenerate=True,
        rev_id=next_revision(project),
        process_revision_directives=lambda _, __, directives: found.extend(directives),
    )
    assert isinstance(script, Script)
    return Path(script.path), found[0].upgrade_ops


def skip(migration: Path) -> None:
    """Let the migrations after this one follow the one before it."""
    for revision, previous in _LINKS.findall(migration.read_text(encoding="utf-8")):
        for file in migration.parent.glob("*.py"):
            text = file.read_text(encoding="utf-8")
            text = text.replace(f"\ndown_revision = {revision}\n", f"\ndown_revision = {previous}\n")
            file.write_text(text, encoding="utf-8")


def keep_migrations(project: Path, then: Path, now: Path) -> None:
    """Replace the migrations of the starter `now` with those of `then`: databases have run them. A migration that only
    `now` has follows the project's newest. Raises SeveralHeads."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted((now / VERSIONS).glob("*.py"))}
    shutil.rmtree(now / VERSIONS)
    shutil.copytree(then / VERSIONS, now / VERSIONS)
    refuse_several_heads(project)
    newest = "".join(f'"{head}"' for head in heads(project)) or "None"
    for name in [name for name in texts if not (now / VERSIONS / name).exists()]:
        previous, revision = newest, next_revision(project, now)
        newest = f'"{revision}"'
        text = _LINKS.sub(f"revision = {newest}\ndown_revision = {previous}", texts[name])
        (now / VERSIONS / f"{revision}_{name.partition('_')[2]}").write_text(text, encoding="utf-8")


def merge(project: Path, message: str) -> Path:
    """Write a migration that merges all heads, and return its file."""
    config = alembic_config("postgresql://", project)
    script = command.merge(config, "heads", message=message, rev_id=next_revision(project))
    assert isinstance(script, Script)
    return Path(script.path)


def risks(operations: Any) -> Iterator[str]:
    """Yield a warning for each change that can break a running service or fail on existing rows: drops, NOT NULL
    without default, and type changes."""
    for each in operations.ops:
        match each:
            case ops.ModifyTableOps() as changes:
                yield from risks(changes)
            case ops.DropTableOp(table_name=table):
                yield f"It drops the table {table}. First deploy code that does not use it."
            case ops.DropColumnOp(table_name=table, column_name=column):
                yield f"It drops {table}.{column}. First deploy code that does not use it."
            case ops.AddColumnOp(table_name=table, column=column):
                if not column.nullable and column.server_default is None:
                    yield f"{table}.{column.name} is NOT NULL without server_default: it fails if there are rows."
            case ops.AlterColumnOp(table_name=table, column_name=column):
                if each.modify_type is not None:
                    yield f"It changes the type of {table}.{column}. PostgreSQL may lock and rewrite the table."
                if each.modify_nullable is False:
                    yield f"{table}.{column} becomes NOT NULL: it fails if a row has NULL."
