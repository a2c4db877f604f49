"""Indexes of tables that exist already are made and dropped CONCURRENTLY: CREATE INDEX alone would lock out writers for
as long as it reads the table (PostgreSQL's documentation, "Building Indexes Concurrently")."""

from collections.abc import Iterable, Iterator
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import (
    CreateIndexOp,
    CreateTableOp,
    DropIndexOp,
    DropTableOp,
    MigrateOperation,
    MigrationScript,
    ModifyTableOps,
)


class ConcurrentIndexOp(MigrateOperation):
    """An operation on an index, outside of the migration's transaction: inside, PostgreSQL refuses."""

    def __init__(self, operation: CreateIndexOp | DropIndexOp) -> None:
        operation.kw["postgresql_concurrently"] = True
        # A migration that was cut off half-way can be repeated.
        if isinstance(operation, CreateIndexOp):
            operation.if_not_exists = True
        else:
            operation.if_exists = True
        self.operation = operation

    def to_diff_tuple(self) -> Any:
        """For Alembic's `check`."""
        return self.operation.to_diff_tuple()


@renderers.dispatch_for(ConcurrentIndexOp)
def _render(context: AutogenContext, operation: ConcurrentIndexOp) -> str:
    call = renderers.dispatch(operation.operation)(context, operation.operation)
    return f"with op.get_context().autocommit_block():\n    {call}"


def make_indexes_concurrent(context: Any, revision: Any, directives: list[MigrationScript]) -> None:
    """For Alembic's `process_revision_directives`: rewrites what autogenerate found."""
    for script in directives:
        for operations in (script.upgrade_ops, script.downgrade_ops):
            if operations is not None:
                new = {op.table_name for op in operations.ops if isinstance(op, CreateTableOp | DropTableOp)}
                operations.ops = list(_rewritten(operations.ops, new))


def _rewritten(operations: Iterable[MigrateOperation], new_tables: set[str]) -> Iterator[MigrateOperation]:
    for operation in operations:
        if isinstance(operation, ModifyTableOps) and operation.table_name not in new_tables:
            operation.ops = [
                ConcurrentIndexOp(inner) if isinstance(inner, CreateIndexOp | DropIndexOp) else inner
                for inner in operation.ops
            ]
        yield operation
