"""Writes migrations, and says what is risky in them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alembic import command
from alembic.operations import ops
from alembic.script import Script

from ondol.db.migrations import alembic_config, upgrade


def next_revision(project: Path) -> str:
    """Return the id of a new migration: the time in UTC, so that ids sort. `20261126083000`.

    Not the next number: a starter's newer version, or a colleague, may take that one as well.
    """
    now = datetime.now(UTC)
    while list((project / "migrations" / "versions").glob(f"{now:%Y%m%d%H%M%S}_*")):
        now += timedelta(seconds=1)
    return f"{now:%Y%m%d%H%M%S}"


def revise(scratch_url: str, project: Path, message: str) -> tuple[Path, Any]:
    """Write a new migration from the difference between the models and the migrations before it.

    Return its file, and its operations as Alembic's autogenerate has them. `scratch_url`: an empty database, which
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


def merge(project: Path, message: str) -> None:
    """Writes a migration that joins all heads."""
    config = alembic_config("postgresql://", project)
    command.merge(config, "heads", message=message, rev_id=next_revision(project))


def risks(operations: Any) -> Iterator[str]:
    """Yield a sentence for what a running service, or the rows there are, may not stand: each drop, NOT NULL
    without default and type change."""
    for each in operations.ops:
        match each:
            case ops.ModifyTableOps() as changes:
                yield from risks(changes)
            case ops.DropTableOp(table_name=table):
                yield f"It drops the table {table}: first deploy code that does not use it."
            case ops.DropColumnOp(table_name=table, column_name=column):
                yield f"It drops {table}.{column}: first deploy code that does not use it."
            case ops.AddColumnOp(table_name=table, column=column):
                if not column.nullable and column.server_default is None:
                    yield f"{table}.{column.name} is NOT NULL without server_default: it fails where there are rows."
            case ops.AlterColumnOp(table_name=table, column_name=column):
                if each.modify_type is not None:
                    yield f"It changes the type of {table}.{column}: PostgreSQL may rewrite the table, locked."
                if each.modify_nullable is False:
                    yield f"{table}.{column} becomes NOT NULL: it fails where a row has NULL."
