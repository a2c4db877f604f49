"""Migrations that can be run while the service is used."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from ondol.db import migrations
from ondol.dev.servers import Attachment
from ondol.testing.databases import TestDatabase, migrated_template


@pytest.fixture
def project(starter_copy: Path) -> Path:
    return starter_copy


@pytest.fixture
def database(servers: Attachment, project_folder: Path) -> TestDatabase:
    """One of its own: what these tests migrate stays migrated."""
    return TestDatabase.cloned(migrated_template(servers, project_folder), f"test_migrations_{os.getpid()}")


def ondol(project: Path, database: TestDatabase, *arguments: str) -> "subprocess.CompletedProcess[str]":
    servers = {"DATABASE_URL": database.url, "REDIS_URL": "redis://127.0.0.1:1/0"}
    environment = {**os.environ, "ENVIRONMENT": "test", **servers}
    command = [sys.executable, "-m", "ondol.cli", "db", *arguments]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.whole
def test_an_index_on_a_table_that_exists_is_made_concurrently(project: Path, database: TestDatabase) -> None:
    models = project / "app" / "models" / "users.py"
    column = "last_seen_at: Mapped[datetime | None]"
    models.write_text(models.read_text().replace(column, f"{column} = mapped_column(index=True)"))
    differs = ondol(project, database, "check")
    assert differs.returncode == 1
    assert "Traceback" not in differs.stderr

    assert ondol(project, database, "revision", "users by last seen").returncode == 0
    [written] = (project / "migrations" / "versions").glob("*users_by_last_seen.py")
    code = written.read_text()
    assert code.count("with op.get_context().autocommit_block():") == 2
    assert code.count("postgresql_concurrently=True") == 2
    assert "if_not_exists=True" in code
    for step in (["upgrade"], ["downgrade", "-1"], ["upgrade"], ["check"]):
        finished = ondol(project, database, *step)
        assert finished.returncode == 0, finished.stderr
    with psycopg.connect(database.url) as connection:
        query = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_users_last_seen_at'::regclass"
        assert connection.execute(query).fetchone() == (True,)


def test_the_starters_migrations_are_safe_to_run(project: Path, database: TestDatabase) -> None:
    """squawk knows which statements stop a table that is used; .squawk.toml says what does not apply, and why."""
    written = ondol(project, database, "upgrade", "--sql")
    assert written.returncode == 0, written.stderr
    squawk = Path(sys.executable).with_name("squawk")

    def lint(sql: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([squawk], input=sql, cwd=project, capture_output=True, text=True, timeout=60)

    assert "CREATE TABLE products" in written.stdout
    assert lint(written.stdout).returncode == 0, lint(written.stdout).stdout
    assert lint(written.stdout + "\nCREATE INDEX i ON users (full_name);").returncode == 1


@pytest.mark.whole
def test_a_migration_does_not_wait_for_a_lock_for_ever(
    project: Path, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "migrations" / "versions" / "0004_lock.py").write_text(
        'from alembic import op\n\nrevision, down_revision = "0004", "0003"\nbranch_labels = depends_on = None\n\n\n'
        'def upgrade() -> None:\n    op.execute("ALTER TABLE users ADD COLUMN nickname text")\n\n\n'
        'def downgrade() -> None:\n    op.drop_column("users", "nickname")\n'
    )
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_SECONDS", 1)
    with psycopg.connect(database.url) as connection:
        connection.execute("SELECT count(*) FROM users")  # a transaction that goes on
        with pytest.raises(migrations.MigrationBlocked):
            migrations.upgrade(database.url, project)
    migrations.upgrade(database.url, project)
    with psycopg.connect(database.url) as connection:
        assert connection.execute("SELECT count(nickname) FROM users").fetchone() == (0,)
        back = ondol(project, database, "downgrade", "-1")  # while this transaction goes on
        assert back.returncode == 1
        assert back.stderr.startswith("ondol: A migration waited 10 s for a table that others are using")
