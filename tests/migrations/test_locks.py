"""Migrations beside others who use the tables, and after one that failed in its middle."""

import threading
import time
from pathlib import Path

import psycopg
import pytest
from migration_files import NICKNAME
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from ondol.db import migrations
from ondol.testing.databases import TestDatabase


@pytest.mark.whole
def test_a_migration_lets_others_pass_and_names_who_holds_the_lock(
    project: Path, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "migrations" / "versions" / "0003_lock.py").write_text(NICKNAME)
    monkeypatch.setattr(migrations, "PAUSES", (1,))
    with psycopg.connect(database.url) as holder, psycopg.connect(database.url, autocommit=True) as reader:
        holder.execute("SELECT count(*) FROM users")  # a transaction that goes on
        reading, waits = threading.Event(), []

        def read() -> None:
            while not reading.is_set():
                started = time.monotonic()
                reader.execute("SELECT count(*) FROM users")
                waits.append(time.monotonic() - started)

        thread = threading.Thread(target=read)
        thread.start()
        with pytest.raises(migrations.MigrationBlocked) as blocked:
            migrations.upgrade(database.url, project)
        reading.set()
        thread.join()
        assert 1 < max(waits) < 6  # the lock timeout is 2 s
        assert f"pid {holder.info.backend_pid} (idle in transaction" in str(blocked.value)
        assert "SELECT count(*) FROM users" in str(blocked.value)
        # It is tried again by itself.
        released = threading.Timer(2.5, holder.rollback)
        released.start()
        migrations.upgrade(database.url, project)
        released.join()
    with psycopg.connect(database.url) as connection:
        assert connection.execute("SELECT count(nickname) FROM users").fetchone() == (0,)
        monkeypatch.setattr(migrations, "PAUSES", ())
        with pytest.raises(migrations.MigrationBlocked, match="run it again"):
            migrations.downgrade(database.url, project, "-1")


INDEX = """
from alembic import op

revision, down_revision = "0003", "0002"
branch_labels = depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_users_name", "users", ["full_name"], unique=True, postgresql_concurrently=True, if_not_exists=True
        )


def downgrade() -> None:
    op.drop_index("ix_users_name")
"""


def test_an_index_that_could_not_be_finished_is_built_again(project: Path, database: TestDatabase) -> None:
    file = project / "migrations" / "versions" / "0003_index.py"
    file.write_text(INDEX)
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_users_name')"
    with psycopg.connect(database.url, autocommit=True) as connection:
        for number in "12":
            connection.execute(
                "INSERT INTO users (id, email, full_name, hashed_password, role, is_active, version)"
                " VALUES (gen_random_uuid(), %s, 'the same', '', '', true, 1)",
                [f"{number}@example.com"],
            )
        for _ in range(2):
            with pytest.raises((IntegrityError, UniqueViolation), match="ix_users_name"):
                migrations.upgrade(database.url, project)
            assert connection.execute(valid).fetchone() == (False,)
        connection.execute("UPDATE users SET full_name = email")
        migrations.upgrade(database.url, project)
        assert connection.execute(valid).fetchone() == (True,)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0003",)


def test_a_migration_that_could_not_be_run_again_is_refused(project: Path, database: TestDatabase) -> None:
    file = project / "migrations" / "versions" / "0003_index.py"
    mixed = INDEX.replace("    with op", '    op.execute("ALTER TABLE users ADD COLUMN nickname varchar")\n    with op')
    file.write_text(mixed)
    with pytest.raises(migrations.MixedMigration, match="0003 has statements beside its autocommit_block"):
        migrations.upgrade(database.url, project)
    file.write_text(INDEX.replace("    with op", '    """With a docstring."""\n    with op'))
    migrations.upgrade(database.url, project)
