"""A comparison of the constraints that Alembic ignores: CHECK and exclusion constraints, by name and definition."""

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, text

_MODELS = "ondol_models"
_CONSTRAINTS = text("""
    SELECT conrelid::regclass::text AS relation, conname AS name, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint
    WHERE contype IN ('c', 'x') AND conrelid <> 0 AND connamespace = CAST(:schema AS regnamespace)
""")


def constraint_differences(connection: Connection, metadata: MetaData) -> Iterator[str]:
    """Yield the differences between the CHECK and exclusion constraints of a migrated scratch database and the models.

    The models' tables are created in a separate schema, so that PostgreSQL formats both definitions in pg_constraint.
    """
    migrated = _constraints(connection, "public", of={table.name for table in metadata.tables.values()})
    connection.execute(text(f"CREATE SCHEMA {_MODELS}"))
    connection.execute(text(f"SET search_path = {_MODELS}, public"))
    metadata.create_all(connection, checkfirst=False)
    modelled = _constraints(connection, _MODELS, of=None)
    connection.rollback()
    for key in sorted(migrated.keys() | modelled.keys()):
        if migrated.get(key) != modelled.get(key):
            table, name = key
            yield (
                f"{name} of {table} is {modelled.get(key, 'missing')} in the models and "
                f"{migrated.get(key, 'missing')} after the migrations"
            )


def _constraints(connection: Connection, schema: str, *, of: set[str] | None) -> dict[tuple[str, str], str]:
    rows = connection.execute(_CONSTRAINTS, {"schema": schema})
    return {(row.relation, row.name): row.definition for row in rows if of is None or row.relation in of}
