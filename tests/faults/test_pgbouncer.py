"""The service behind PgBouncer (Debian's) in transaction mode."""

import dataclasses
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from production_rig import PASSWORD, UVICORN, Production
from steady_load import Load

from ondol.dev.ports import free_port
from ondol.dev.programs import popen_arguments, server_user
from ondol.testing.waiting import eventually

pytestmark = pytest.mark.whole

SERVER_CONNECTIONS = 5


@contextmanager
def pgbouncer(prod: Production, options: str = "") -> Iterator[str]:
    program = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
    assert program, "install PgBouncer (Debian: apt-get install pgbouncer)"
    port, server, user = free_port(), urlsplit(prod.database_url), server_user()
    (prod.folder / "users.txt").write_text(f'"shop" "{PASSWORD}"\n')
    configuration = prod.folder / "pgbouncer.ini"
    configuration.write_text(f"""
[databases]
shop = host=127.0.0.1 port={server.port} dbname=shop
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {prod.folder}/users.txt
pool_mode = transaction
default_pool_size = {SERVER_CONNECTIONS}
max_client_conn = 500
{options}
""")
    with prod.log("pgbouncer").open("wb") as log:
        process = subprocess.Popen([program, str(configuration)], stdout=log, stderr=log, **popen_arguments(user))  # type: ignore[call-overload]
    url = f"postgresql://shop:{PASSWORD}@127.0.0.1:{port}/shop"
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                psycopg.connect(url).close()
                break
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, prod.log("pgbouncer").read_text()
                time.sleep(0.05)
        yield url
    finally:
        process.kill()
        process.wait()


def test_the_service_works_behind_pgbouncer(prod: Production) -> None:
    with psycopg.connect(prod.postgres.url("shop"), autocommit=True) as connection:
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(f"ALTER ROLE shop SET {name} = '15s'")
    with pgbouncer(prod) as url:
        urls = {"DATABASE_URL": url, "DATABASE_DIRECT_URL": prod.database_url}
        behind = dataclasses.replace(prod, environment=prod.environment | urls)
        with (
            behind.web("behind", command=UVICORN, WEB_CONCURRENCY="2") as web,
            behind.worker("behind-worker") as worker,
        ):
            # More clients than server connections: the statements of one client connection reach several servers.
            with Load(prod, [web.base], clients=4 * SERVER_CONNECTIONS).running() as outcome:
                eventually(lambda: len(outcome.acknowledged) > 100, 60)
            assert worker.poll() is None
            with psycopg.connect(prod.database_url) as connection:
                found = connection.execute("SELECT count(*) FROM orders").fetchone()
                seen = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop'").fetchone()
    assert (outcome.broken, outcome.unexpected) == ({}, [])
    assert set(outcome.answers) == {200, 201}
    assert found == (len(outcome.acknowledged),)
    # Those of PgBouncer, one LISTEN per process, those of the worker, and this one.
    assert seen is not None
    assert seen[0] <= SERVER_CONNECTIONS + 3 + 12 + 1
    assert prod.logged("prepared statement") == []
    assert prod.logged("no_timeouts") == []


@pytest.mark.parametrize("ignored", ["", "ignore_startup_parameters = options"])
def test_pgbouncer_without_a_direct_url_is_named(prod: Production, ignored: str) -> None:
    """Even if it ignores connection options: LISTEN would receive nothing."""
    with pgbouncer(prod, ignored) as url:
        assert "set DATABASE_DIRECT_URL to PostgreSQL itself" in prod.failed_start(DATABASE_URL=url)
