"""Migrations that can run while the service is in use."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psycopg
import pytest
from app.models import Model
from migration_files import NICKNAME
from sqlalchemy import CheckConstraint

from ondol.db.scratch import ScratchRefused, scratch_database
from ondol.dev.ports import free_port
from ondol.testing.databases import TestDatabase
from ondol.testing.processes import running, wait_until_ready


def ondol(project: Path, database: TestDatabase, *arguments: str) -> "subprocess.CompletedProcess[str]":
    servers = {"DATABASE_URL": database.url, "REDIS_URL": "redis://127.0.0.1:1/0"}
    return run(project, "db", *arguments, ENVIRONMENT="test", **servers)


def run(project: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run `ondol ARGUMENTS`, without the servers of this test run unless `environment` names them."""
    clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    command = [sys.executable, "-m", "ondol.cli", *arguments]
    return subprocess.run(
        command, cwd=project, env={**clean, **environment}, capture_output=True, text=True, timeout=60
    )


def names_of(database: TestDatabase, query: str) -> set[str]:
    with psycopg.connect(database.url) as connection:
        return {row[0] for row in connection.execute(query)}


MODEL = (
    "last_seen_at: Mapped[datetime | None]",
    "last_seen_at: Mapped[datetime | None]\n    nickname: Mapped[str | None]",
)


def edit(file: Path, old: str, new: str) -> None:
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


@pytest.mark.whole
def test_a_check_reads_the_migrations_and_changes_nothing(project: Path, database: TestDatabase) -> None:
    (project / "migrations" / "versions" / "0004_nickname.py").write_text(NICKNAME)
    assert ondol(project, database, "check").returncode == 1
    edit(project / "app" / "models" / "users.py", *MODEL)
    checked = ondol(project, database, "check")
    assert checked.returncode == 0, checked.stderr
    assert names_of(database, "SELECT version_num FROM alembic_version") == {"0003"}
    # A migration can be generated although the previous one has not been run.
    edit(project / "app" / "models" / "users.py", "nickname:", "second_name: Mapped[str | None]\n    nickname:")
    assert ondol(project, database, "revision", "second name").returncode == 0
    [written] = (project / "migrations" / "versions").glob("*second_name.py")
    assert "second_name" in written.read_text()
    assert "nickname" not in written.read_text()
    written.unlink()
    edit(project / "app" / "models" / "users.py", "second_name: Mapped[str | None]\n    nickname:", "nickname:")
    unneeded = ondol(project, database, "revision", "nothing new")
    assert "The models have no change without a migration" in unneeded.stdout


def test_a_scratch_database_is_dropped_also_while_somebody_uses_it(database: TestDatabase) -> None:
    with scratch_database(database.url) as url:
        user = psycopg.connect(url)
        name = user.info.dbname
    assert name not in names_of(database, "SELECT datname FROM pg_database")
    user.close()
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS without_rights")
        connection.execute("CREATE ROLE without_rights LOGIN PASSWORD 'x'")
    with (
        pytest.raises(ScratchRefused, match="CREATEDB"),
        scratch_database(f"postgresql://without_rights:x@{database.url.rpartition('@')[2]}"),
    ):
        pass


def test_a_check_without_a_database_starts_postgresql_alone(project: Path) -> None:
    checked = run(project, "db", "check")
    assert checked.returncode == 0, checked.stderr
    assert "agree" in checked.stdout
    state = project / ".ondol"
    assert not state.exists() or not [file for file in state.rglob("*") if file.is_file()]


CHECK = 'CheckConstraint("price >= 0", name="price_not_negative")'
EXCLUSION = (
    'ExcludeConstraint(("name", "="), name="ex_products_name", using="btree"),\n        '
    'CheckConstraint("price >= 0", name="price_not_negative")'
)
DIFFERENCES = {
    "a CHECK that no migration makes": (CHECK, f'{CHECK},\n        CheckConstraint("stock < 9", name="few")'),
    "a CHECK that is gone from the models": (CHECK + ",", ""),
    "a CHECK with another condition": (CHECK, CHECK.replace(">= 0", "> 0")),
    "a CHECK with another name": (CHECK, CHECK.replace("price_not_negative", "price_is_positive")),
    "an exclusion constraint that no migration makes": (CHECK, EXCLUSION),
}


@pytest.mark.whole
@pytest.mark.parametrize("difference", DIFFERENCES)
def test_a_check_sees_every_kind_of_constraint(project: Path, database: TestDatabase, difference: str) -> None:
    models = project / "app" / "models" / "products.py"
    edit(models, *DIFFERENCES[difference])
    models.write_text("from sqlalchemy.dialects.postgresql import ExcludeConstraint\n" + models.read_text())
    checked = ondol(project, database, "check")
    assert checked.returncode == 1
    assert "The models and the migrations differ" in checked.stderr
    assert "products" in checked.stderr
    assert "Traceback" not in checked.stderr


def test_constraints_have_the_names_of_the_models(database: TestDatabase) -> None:
    checks = names_of(database, "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conname LIKE 'ck%'")
    modelled = {
        str(constraint.name)
        for table in Model.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert checks == modelled
    assert "ck_products_price_not_negative" in checks


@pytest.mark.whole
def test_commands_do_not_migrate_and_say_what_is_missing(project: Path, database: TestDatabase) -> None:
    (project / "migrations" / "versions" / "0004_nickname.py").write_text(NICKNAME)
    edit(project / "app" / "models" / "users.py", *MODEL)
    servers = {"DATABASE_URL": database.url, "REDIS_URL": "redis://127.0.0.1:1/0", "ENVIRONMENT": "test"}
    with psycopg.connect(database.url) as connection:
        connection.execute(
            "INSERT INTO users (id, email, full_name, hashed_password, role, is_active, version) "
            "VALUES (gen_random_uuid(), 'a@example.com', 'n', 'x', 'customer', true, 1)"
        )
    disable = ["user", "disable", "a@example.com"]
    for arguments in (disable, ["user", "list"], ["settings"], ["doctor"], ["db", "check"], ["db", "seed"]):
        said = run(project, *arguments, **servers)
        assert names_of(database, "SELECT version_num FROM alembic_version") == {"0003"}, arguments
        assert "Traceback" not in said.stderr
        if arguments in (disable, ["doctor"]):
            assert "ondol db upgrade" in said.stdout + said.stderr, arguments


@pytest.mark.whole
def test_two_heads_are_named_with_the_command_that_joins_them(project: Path, database: TestDatabase) -> None:
    versions = project / "migrations" / "versions"
    (versions / "0004_nickname.py").write_text(NICKNAME)
    (versions / "0004_other.py").write_text(NICKNAME.replace('"0004"', '"0004b"').replace("nickname", "other"))
    servers = {"DATABASE_URL": database.url, "REDIS_URL": "redis://127.0.0.1:1/0", "ENVIRONMENT": "test"}
    for arguments in (["db", "upgrade"], ["db", "check"], ["doctor"], ["serve", "--port", "1"]):
        said = run(project, *arguments, **servers)
        assert said.returncode == 1, arguments
        assert "ondol db merge" in said.stdout + said.stderr, arguments
        assert "Traceback" not in said.stderr
    assert ondol(project, database, "merge").returncode == 0
    [merge] = versions.glob("2*_merge.py")
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", merge], cwd=project, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout
    assert ondol(project, database, "upgrade").returncode == 0


def test_a_server_migrates_an_empty_database_and_names_pending_migrations(project: Path, tmp_path: Path) -> None:
    log, command = tmp_path / "log", ["-m", "uvicorn", "main:app", "--port"]
    environment = {"DATABASE_URL": "", "REDIS_URL": "", "LOGGING__FORMAT": "json"}
    for pending in (False, True):
        port = str(free_port())
        with running([*command, port], folder=project, environment=environment, log=log) as process:
            wait_until_ready(f"http://127.0.0.1:{port}", process, log)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/products", timeout=10) as answer:
                assert answer.status == 200
        said = [json.loads(line) for line in log.read_text().splitlines() if '"pending_migrations"' in line]
        assert [(line["newest"], line["hint"]) for line in said] == [(["0004"], "ondol db upgrade")] * pending
        (project / "migrations" / "versions" / "0004_nickname.py").write_text(NICKNAME)


@pytest.mark.whole
def test_older_code_serves_a_newer_database(
    project: Path, database: TestDatabase, redis_url: str, tmp_path: Path
) -> None:
    """A rollback only deploys the older image, for the worker too."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'of-newer-code'")
    port, log = str(free_port()), tmp_path / "log"
    environment = {"DATABASE_URL": database.url, "REDIS_URL": redis_url, "ENVIRONMENT": "test", "PORT": port}
    with (
        running(["-m", "ondol.run", "worker"], folder=project, environment=environment, log=log) as worker,
        running(["-m", "ondol.run", "web"], folder=project, environment=environment, log=log) as process,
    ):
        wait_until_ready(f"http://127.0.0.1:{port}", process, log)
        time.sleep(1)
        assert worker.poll() is None, log.read_text()


def test_a_worker_on_an_empty_database_says_so(project: Path, database: TestDatabase, redis_url: str) -> None:
    with scratch_database(database.url) as url:
        environment = {"DATABASE_URL": url, "REDIS_URL": redis_url, "ENVIRONMENT": "test"}
        said = run(project, "worker", **environment)
    assert said.returncode == 1
    assert "The database is empty: run `ondol db upgrade`" in said.stderr


@pytest.mark.whole
def test_an_index_is_found_by_revision_and_judged_by_squawk(project: Path, database: TestDatabase) -> None:
    """CREATE INDEX blocks writes while it reads the table, so squawk reports it."""
    models = project / "app" / "models" / "users.py"
    column = "last_seen_at: Mapped[datetime | None]"
    models.write_text(models.read_text().replace(column, f"{column} = mapped_column(index=True)"))
    differs = ondol(project, database, "check")
    assert differs.returncode == 1
    assert "Traceback" not in differs.stderr
    assert ondol(project, database, "revision", "users by last seen").returncode == 0
    for step in (["upgrade"], ["downgrade", "-1"], ["upgrade"], ["check"]):
        finished = ondol(project, database, *step)
        assert finished.returncode == 0, finished.stderr
    judged = linted(project, ondol(project, database, "upgrade", "--sql").stdout)
    assert judged.returncode == 1
    assert "require-concurrent-index-creation" in judged.stdout


@pytest.mark.whole
def test_a_revision_is_tidy_sorts_by_time_and_names_its_risks(project: Path, database: TestDatabase) -> None:
    models = project / "app" / "models" / "products.py"
    changes = {
        "    currency: Mapped[str] = mapped_column(String(3))\n": "    weight: Mapped[int]\n",
        "mapped_column(String(200))": "mapped_column(Text)",
    }
    text = models.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    models.write_text(text)
    stock = project / "app" / "repositories" / "stock.py"
    stock.write_text(stock.read_text().replace("Product.currency, ", ""))
    written = ondol(project, database, "revision", "products weigh something")
    assert written.returncode == 0, written.stderr
    said = " ".join(written.stdout.split())
    for risk in (
        "It drops products.currency. First deploy code that does not use it.",
        "products.weight is NOT NULL without server_default: it fails if there are rows.",
        "It changes the type of products.name. PostgreSQL may lock and rewrite the table.",
    ):
        assert risk in said
    newest = sorted((project / "migrations" / "versions").glob("*.py"))[-1]
    assert newest.name.endswith("_products_weigh_something.py")
    for check in (["check"], ["format", "--check"]):
        checked = subprocess.run([sys.executable, "-m", "ruff", *check, newest], cwd=project, capture_output=True)
        assert checked.returncode == 0, checked.stdout


def linted(project: Path, sql: str) -> "subprocess.CompletedProcess[str]":
    squawk = Path(sys.executable).with_name("squawk")
    return subprocess.run([squawk], input=sql, cwd=project, capture_output=True, text=True, timeout=60)


def test_the_starters_migrations_are_safe_to_run(project: Path, database: TestDatabase) -> None:
    """squawk reports statements that block a table in use; .squawk.toml disables rules with reasons."""
    written = ondol(project, database, "upgrade", "--sql")
    assert written.returncode == 0, written.stderr
    assert "CREATE TABLE products" in written.stdout
    assert linted(project, written.stdout).returncode == 0, linted(project, written.stdout).stdout
    assert linted(project, written.stdout + "\nCREATE INDEX i ON users (full_name);").returncode == 1
