"""The job queue's tables, for a migration."""

from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy import text


def create_jobs_schema() -> None:
    """In `upgrade()`. procrastinate's own schema; `text()` takes its `%` as they are, and `:` once escaped."""
    op.execute(text(SchemaManager.get_schema().replace(":", r"\:")))


def drop_jobs_schema() -> None:
    """In `downgrade()`: tables, functions and types of the queue, and every job in it."""
    op.execute(
        text(
            """
        DO $$
        DECLARE item record;
        BEGIN
            FOR item IN SELECT tablename AS name FROM pg_tables
                WHERE schemaname = current_schema() AND starts_with(tablename, 'procrastinate_')
            LOOP EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', item.name); END LOOP;
            FOR item IN SELECT oid::regprocedure AS name FROM pg_proc
                WHERE pronamespace = current_schema()::regnamespace AND starts_with(proname, 'procrastinate_')
            LOOP EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', item.name); END LOOP;
            FOR item IN SELECT typname AS name FROM pg_type
                WHERE typnamespace = current_schema()::regnamespace AND starts_with(typname, 'procrastinate_')
                AND typtype IN ('e', 'c')
            LOOP EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', item.name); END LOOP;
        END $$
    """.replace("::", r"\:\:")
        )
    )
