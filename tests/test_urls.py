"""DATABASE_URL has the same meaning for every process."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from ondol.db.scratch import scratch_database
from ondol.db.session import Database, SyncDatabase
from ondol.db.urls import libpq_url, sqlalchemy_url, without_options
from ondol.testing.databases import TestDatabase

URL = "postgres://shop:p%40ss@db/shop"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", {"connect_timeout": "5", "keepalives_idle": "30", "options": "-c timezone=UTC"}),
        ("?connect_timeout=2&keepalives_idle=7", {"connect_timeout": "2", "keepalives_idle": "7"}),
        ("?options=-c%20search_path%3Da,b", {"options": "-c timezone=UTC -c search_path=a,b"}),
        ("?options=-c%20TimeZone%3DAsia/Seoul", {"options": "-c TimeZone=Asia/Seoul"}),
        ("?host=/cloudsql/a:b:c", {"host": "/cloudsql/a:b:c"}),
        ("?host=a:1&host=b:2", {"host": ("a:1", "b:2")}),
    ],
)
def test_what_a_url_says_is_kept_and_the_rest_is_added(query: str, wanted: dict[str, Any]) -> None:
    read = make_url(sqlalchemy_url(URL + query))
    assert (read.drivername, read.password) == ("postgresql+psycopg", "p@ss")
    assert {name: read.query[name] for name in wanted} == wanted
    assert sqlalchemy_url(sqlalchemy_url(URL + query)) == sqlalchemy_url(URL + query)
    assert psycopg.conninfo.conninfo_to_dict(libpq_url(URL + query))["password"] == "p@ss"


def test_a_plus_is_a_plus() -> None:
    """As in libpq; in a form it would be a space."""
    url = "postgresql://shop@db/shop?password=a+b%2Bc"
    assert psycopg.conninfo.conninfo_to_dict(libpq_url(url))["password"] == "a+b+c"


def test_a_pooler_gets_no_options_but_those_of_the_url() -> None:
    assert "options" not in make_url(sqlalchemy_url(URL, pooled=True, timeouts={"lock_timeout": 3})).query
    assert make_url(sqlalchemy_url(f"{URL}?options=-c%20a%3Db", pooled=True)).query["options"] == "-c a=b"
    assert without_options(f"{URL}?options=-c%20a%3Db&connect_timeout=2") == f"{URL}?connect_timeout=2"


async def test_connections_run_in_utc_unless_the_url_says_otherwise(database_url: str) -> None:
    name = make_url(database_url).database
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET timezone = 'Asia/Seoul'")
    try:
        for options, zone in (("", "UTC"), ("?options=" + quote("-c timezone=Europe/Paris"), "Europe/Paris")):
            for pooled in (False, True):
                database = Database(database_url + options, pooled=pooled)
                async with database.transaction() as session:
                    assert (await session.execute(text("SHOW timezone"))).scalar_one() == zone
                await database.close()
            synchronous = SyncDatabase(database_url + options)
            with synchronous.transaction() as session:
                assert session.execute(text("SHOW timezone")).scalar_one() == zone
            synchronous.close()
    finally:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} RESET timezone")


@pytest.mark.whole
def test_every_process_works_in_the_schema_that_the_url_names(
    worker_database: TestDatabase, redis_url: str, project_folder: Path
) -> None:
    """Migrations, creation of accounts, web server, jobs and listeners, with options in the URL."""
    with scratch_database(worker_database.url) as empty, psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA tenant")
        url = f"{empty}?options={quote('-c search_path=tenant')}"
        environment = {**os.environ, "DATABASE_URL": url, "REDIS_URL": redis_url, "ENVIRONMENT": "test"}

        def run(*arguments: str) -> str:
            finished = subprocess.run(
                [sys.executable, *arguments],
                cwd=project_folder,
                env=environment,
                input="a long password",
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert finished.returncode == 0, finished.stderr
            return finished.stdout

        run("-m", "ondol.run", "migrate")
        run("-m", "ondol.cli", "user", "create", "tenant@example.com", "--name", "t")
        assert "tenant@example.com" in run("-m", "ondol.cli", "user", "list")
        run("-c", REGISTER)
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'tenant')"
        )
        assert {schema for schema, _ in tables} == {"tenant"}
        for table, rows in (("users", 1), ("mailed_tokens", 1), ("procrastinate_jobs", 0)):
            assert connection.execute(f"SELECT count(*) FROM tenant.{table}").fetchone() == (rows,), table


REGISTER = """
import asyncio
from fastapi.testclient import TestClient
from main import app

with TestClient(app) as client:
    assert client.post("/api/v1/auth/register", json={"email": "new@example.com"}).status_code == 202
    assert client.get("/api/v1/products").status_code == 200

async def work():
    async with app.state.runtime.opened():
        await app.state.runtime.worker().run(until_empty=True)

asyncio.run(work())
"""
