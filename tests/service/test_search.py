"""Search within Hangul: PostgreSQL's planner takes the index for what people type."""

from app.models import Product
from sqlalchemy import Column, MetaData, Table, Text, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from ondol.db.filters import contains, search_index
from ondol.db.session import SyncDatabase

NAMES = text("""
    INSERT INTO products (id, name, description, price, currency, stock, version)
    SELECT gen_random_uuid(),
           chr(44032 + mod(number * 7919, 11000)) || chr(44032 + mod(number::bigint * 1299709, 11000)::int),
           '', 1, 'KRW', 1, 1
    FROM generate_series(1, 20000) AS number
""")


def test_two_syllables_or_one_with_a_final_consonant_are_found_by_the_index(database: SyncDatabase) -> None:
    with database.transaction() as session:
        session.execute(NAMES)
        # What autovacuum would do: until then the planner counts the entries that wait to be sorted in.
        session.execute(text("SELECT gin_clean_pending_list('ix_products_name_trgm')"))
        session.execute(text("ANALYZE products"))
        for term, by_index in (("노트북", True), ("노트부", True), ("가방", True), ("강", True), ("가", False)):
            statement = select(Product.id).where(contains(Product.name, term))
            compiled = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
            rows = session.connection().exec_driver_sql(f"EXPLAIN {compiled}")
            plan = "\n".join(row[0] for row in rows)
            assert ("Bitmap Index Scan on ix_products_name_trgm" in plan) is by_index, (term, plan)


def test_a_column_with_a_reserved_name_is_quoted() -> None:
    index = search_index("ix_things_desc_trgm", "desc")
    Table("things", MetaData(), Column("desc", Text), index)
    assert '(normalize("desc", NFD) gin_trgm_ops)' in str(CreateIndex(index).compile(dialect=postgresql.dialect()))
