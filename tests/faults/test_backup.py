"""The commands for migrations, backups and rollbacks in docs/en/how-to/deploy.md work."""

import subprocess
import sys
from pathlib import Path

import httpx2
import psycopg
import pytest
from production_rig import Production
from psycopg import sql
from steady_load import Load

from ondol.dev.programs import postgres_folder
from ondol.testing.waiting import eventually

pytestmark = pytest.mark.whole

TABLES = ("users", "products", "orders", "order_lines", "login_sessions", "procrastinate_jobs", "alembic_version")


def sibling(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


def test_two_replicas_that_start_together_migrate_once(prod: Production) -> None:
    with psycopg.connect(prod.postgres.url(), autocommit=True) as superuser:
        superuser.execute("CREATE DATABASE together OWNER shop")
    url = sibling(prod.database_url, "together")
    replicas = [
        subprocess.Popen(
            [sys.executable, "-m", "ondol.run", "migrate"],
            cwd=prod.project,
            env={**prod.environment, "DATABASE_URL": url, "PATH": "/usr/bin:/bin"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = [replica.communicate(timeout=60)[1] for replica in replicas]
    assert [replica.returncode for replica in replicas] == [0, 0, 0], said
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM products").fetchone() == (0,)


def contents(url: str) -> dict[str, list[str]]:
    with psycopg.connect(url) as connection:
        return {
            table: [
                row[0]
                for row in connection.execute(
                    sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(sql.Identifier(table))
                )
            ]
            for table in TABLES
        }


def test_a_backup_restores_into_a_new_database_that_serves(prod: Production, tmp_path: Path) -> None:
    with prod.web("backed-up") as web:
        load = Load(prod, [web.base], clients=5)
        with load.running() as outcome:
            eventually(lambda: len(outcome.acknowledged) >= 20, 30)
    dump, programs = tmp_path / "shop.dump", postgres_folder()
    run(programs / "pg_dump", "--format=custom", f"--file={dump}", prod.database_url)
    before = contents(prod.database_url)
    assert len(before["orders"]) >= 20

    with psycopg.connect(prod.postgres.url(), autocommit=True) as superuser:
        superuser.execute("CREATE DATABASE restored OWNER shop")
    restored = sibling(prod.database_url, "restored")
    run(programs / "pg_restore", "--no-owner", "--exit-on-error", f"--dbname={restored}", dump)
    assert contents(restored) == before
    with prod.web("restored", DATABASE_URL=restored) as web:
        answer = httpx2.get(f"{web.base}/api/v1/products/{load.product_ids[0]}")
        assert (answer.status_code, answer.json()["id"]) == (200, load.product_ids[0])


def run(*command: str | Path) -> None:
    finished = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
