"""Migrations while others use the tables, and after a migration that failed halfway."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from migration_files import NICKNAME
from sqlalchemy.exc import IntegrityError

from ondol.db import migrations
from ondol.testing.databases import TestDatabase


@pytest.mark.whole
def test_a_migration_lets_others_pass_and_names_who_holds_the_lock(
    project: Path, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "migrations" / "versions" / "0004_lock.py").write_text(NICKNAME)
    monkeypatch.setattr(migrations, "PAUSES", (1,))
    with psycopg.connect(database.url) as holder, psycopg.connect(database.url, autocommit=True) as reader:
        holder.execute("SELECT count(*) FROM users")  # a transaction that stays open
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
        assert 0.5 < max(waits) < 5  # the lock timeout is 0.9 s
        assert f"pid {holder.info.backend_pid} (idle in transaction" in str(blocked.value)
        assert "SELECT count(*) FROM users" in str(blocked.value)
        # It is retried automatically.
        tried: list[str] = []

        def release(event: str, **_: object) -> None:
            tried.append(event)
            holder.rollback()

        monkeypatch.setattr(migrations.log, "warning", release)
        migrations.upgrade(database.url, project)
        assert tried == ["migration_waits"]
    with psycopg.connect(database.url) as connection:
        assert connection.execute("SELECT count(nickname) FROM users").fetchone() == (0,)
        monkeypatch.setattr(migrations, "PAUSES", ())
        with pytest.raises(migrations.MigrationBlocked, match="Run it again"):
            migrations.downgrade(database.url, project, "-1")


INDEX = """
from alembic import op

revision, down_revision = "0004", "0003"
branch_labels = depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_users_name", "users", ["full_name"], unique=True, postgresql_concurrently=True, if_not_exists=True
        )


def downgrade() -> None:
    op.drop_index("ix_users_name")
"""


VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_users_name')"


def people(connection: psycopg.Connection[Any]) -> None:
    """Insert two people with the same name."""
    for number in "12":
        connection.execute(
            "INSERT INTO users (id, email, full_name, hashed_password, role, is_active, version)"
            " VALUES (gen_random_uuid(), %s, 'the same', '', '', true, 1)",
            [f"{number}@example.com"],
        )


def test_an_index_that_could_not_be_finished_is_rebuilt(project: Path, database: TestDatabase) -> None:
    (project / "migrations" / "versions" / "0004_index.py").write_text(INDEX)
    with psycopg.connect(database.url, autocommit=True) as connection:
        people(connection)
        with pytest.raises(IntegrityError, match="ix_users_name"):
            migrations.upgrade(database.url, project)
        for _ in range(2):
            with pytest.raises(migrations.InvalidIndex, match="ix_users_name"):
                migrations.upgrade(database.url, project)
            assert connection.execute(VALID).fetchone() == (False,)
        # The next run removes the index that the failed REINDEX left.
        assert connection.execute("SELECT count(*) FROM pg_class WHERE relname ~ '_ccnew'").fetchone() == (1,)
        connection.execute("UPDATE users SET full_name = email")
        migrations.upgrade(database.url, project)
        assert connection.execute(VALID).fetchone() == (True,)
        assert connection.execute("SELECT count(*) FROM pg_class WHERE relname ~ '_ccnew'").fetchone() == (0,)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0004",)


def test_the_migration_that_corrects_the_data_is_not_held_up(project: Path, database: TestDatabase) -> None:
    versions = project / "migrations" / "versions"
    (versions / "0004_index.py").write_text(INDEX)
    with psycopg.connect(database.url, autocommit=True) as connection:
        people(connection)
        with pytest.raises(IntegrityError):
            migrations.upgrade(database.url, project)
        (versions / "0004_index.py").unlink()
        (versions / "0005_index.py").write_text(INDEX.replace('"0004", "0003"', '"0005", "0004"'))
        (versions / "0004_correct.py").write_text(
            NICKNAME.replace("ALTER TABLE users ADD COLUMN nickname varchar", "UPDATE users SET full_name = email")
        )
        migrations.upgrade(database.url, project)
        assert connection.execute(VALID).fetchone() == (True,)


@pytest.mark.whole
def test_an_index_waits_for_older_transactions_as_long_as_it_takes(project: Path, database: TestDatabase) -> None:
    (project / "migrations" / "versions" / "0004_index.py").write_text(INDEX)
    with (
        psycopg.connect(database.url) as older,
        psycopg.connect(database.url, autocommit=True) as connection,
        ThreadPoolExecutor(1) as thread,
    ):
        older.execute("UPDATE users SET full_name = full_name")
        migrating = thread.submit(migrations.upgrade, database.url, project)
        time.sleep(2 * migrations.LOCK_TIMEOUT_SECONDS + 1)
        assert not migrating.done()
        older.rollback()
        migrating.result()
        assert connection.execute(VALID).fetchone() == (True,)


def test_a_migration_that_could_not_be_run_again_is_refused(project: Path, database: TestDatabase) -> None:
    file = project / "migrations" / "versions" / "0004_index.py"
    mixed = INDEX.replace("    with op", '    op.execute("ALTER TABLE users ADD COLUMN nickname varchar")\n    with op')
    for source, fault in (
        (mixed, "0004 has statements outside its autocommit_block"),
        (INDEX.replace(", if_not_exists=True", ""), "0004 creates an index CONCURRENTLY without if_not_exists=True"),
    ):
        file.write_text(source)
        with pytest.raises(migrations.NotRepeatable, match=fault):
            migrations.upgrade(database.url, project)
    file.write_text(INDEX.replace("    with op", '    """With a docstring."""\n    with op'))
    migrations.upgrade(database.url, project)
