"""The migrations create the job queue's tables as the installed procrastinate expects them."""

import psycopg
import pytest
from ondol.db.scratch import scratch_database
from procrastinate.schema import SchemaManager

QUERIES = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
        WHERE starts_with(table_name, 'procrastinate_')""",
    "constraints": """
        SELECT CAST(conrelid AS regclass), conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE starts_with(CAST(CAST(conrelid AS regclass) AS text), 'procrastinate_')""",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE starts_with(tablename, 'procrastinate_')",
    "functions": "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE starts_with(proname, 'procrastinate_')",
    "triggers": """
        SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger
        WHERE NOT tgisinternal AND starts_with(CAST(CAST(tgrelid AS regclass) AS text), 'procrastinate_')""",
    "enums": """
        SELECT typname, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid
        WHERE starts_with(typname, 'procrastinate_')""",
}


@pytest.mark.parametrize("what", QUERIES)
def test_the_queue_is_the_installed_ones(database_url: str, what: str) -> None:
    """If this fails, a newer procrastinate is installed: write a migration from its SQL."""
    with (
        scratch_database(database_url) as url,
        psycopg.connect(url) as installed,
        psycopg.connect(database_url) as ours,
    ):
        installed.execute(SchemaManager.get_schema().encode())
        found = {each: each.execute(QUERIES[what]).fetchall() for each in (installed, ours)}
    assert sorted(map(str, found[ours])) == sorted(map(str, found[installed]))
    assert found[ours]
