"""PostgreSQL's disk full, or read-only: 503 and recovery, no corruption."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest
from people import people
from production_rig import Production, production
from steady_load import AUTH, Load

from ondol.dev.servers import Attachment
from ondol.testing.waiting import eventually

pytestmark = pytest.mark.whole


def test_a_read_only_database_refuses_writes_and_serves_reads(prod: Production) -> None:
    """As after a failover, when the service is still connected to the former primary."""
    with prod.web("read-only") as web, psycopg.connect(prod.postgres.url(), autocommit=True) as superuser:
        database = prod.database
        [buyer] = people(database, 1, auth=AUTH)
        database.close()
        load = Load(prod, [web.base], clients=1)
        body = {"lines": [{"product_id": load.product_ids[0], "quantity": 1}]}
        with httpx2.Client(base_url=web.base, headers=buyer, timeout=10) as client:
            assert client.post("/api/v1/orders", json=body).status_code == 201
            superuser.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            superuser.execute("SELECT pg_reload_conf()")
            try:
                time.sleep(0.3)
                refused = client.post("/api/v1/orders", json=body)
                assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
                assert refused.headers["Retry-After"]
                assert client.get("/api/v1/orders").status_code == 200
                assert client.get("/api/v1/products").status_code == 200
            finally:
                superuser.execute("SET default_transaction_read_only = off")
                superuser.execute("ALTER SYSTEM RESET default_transaction_read_only")
                superuser.execute("SELECT pg_reload_conf()")
            time.sleep(0.3)
            assert client.post("/api/v1/orders", json=body).status_code == 201
    assert prod.logged("unhandled_error") == []


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a file system in memory at `folder`. Needs root."""
    folder.mkdir(mode=0o755)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def test_a_full_disk(servers: Attachment, project_folder: Path) -> None:
    folder = servers.state.path / "full-disk"
    folder.mkdir(mode=0o755)
    with (
        small_disk(folder / "disk", 220) as disk,
        production(project_folder, folder, servers.state.copies, data=disk) as prod,
        prod.web("full") as web,
    ):
        ballast = disk / "ballast"
        with Load(prod, [web.base], clients=10).running() as outcome:
            eventually(lambda: len(outcome.acknowledged) > 10, 30)
            fill(ballast)
            eventually(lambda: outcome.answers[503] > 0, 30)
            time.sleep(2)
            ballast.unlink()
            if prod.postgres.process.poll() is not None:  # type: ignore[union-attr]
                prod.postgres.start()  # it stopped, because it cannot write its WAL
            recovered = len(outcome.acknowledged)
            eventually(lambda: len(outcome.acknowledged) > recovered + 20, 30)
        assert [line[-600:] for line in prod.logged("unhandled_error")][:3] == []
        assert (outcome.broken, outcome.unexpected) == ({}, [])
        assert set(outcome.answers) <= {200, 201, 503}
        with psycopg.connect(prod.database_url) as connection:
            orders = {str(row[0]) for row in connection.execute("SELECT id FROM orders").fetchall()}
        assert set(outcome.acknowledged) <= orders
        with psycopg.connect(prod.postgres.url("shop"), autocommit=True) as superuser:
            superuser.execute("CREATE EXTENSION amcheck")
            superuser.execute(CHECK_INDEXES)  # raises if an index is corrupt


def fill(ballast: Path) -> None:
    """Fill the disk to the last block."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


CHECK_INDEXES = """
    SELECT bt_index_parent_check(index.indexrelid, true)
    FROM pg_index AS index
    JOIN pg_class AS class ON class.oid = index.indexrelid
    JOIN pg_am AS method ON method.oid = class.relam
    WHERE method.amname = 'btree' AND class.relnamespace = 'public'::regnamespace
"""
