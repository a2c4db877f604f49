"""examples/csv_export.py in a separate process, with PostgreSQL."""

import csv
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import psutil
import pytest
from sqlalchemy import text

from examples.csv_export import as_csv
from ondol.db.options import DatabaseSettings
from ondol.db.session import SyncDatabase
from ondol.dev.ports import free_port
from ondol.testing.processes import running

MORE_THAN_THE_POOL = DatabaseSettings().read_pool_size + 4


@pytest.fixture
def rows(database: SyncDatabase, whole: bool) -> int:
    rows = 1_000_000 if whole else 100_000
    with database.transaction() as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text("SET LOCAL session_replication_role = replica"))  # no customers are needed
        session.execute(
            text(
                "INSERT INTO orders (id, customer_id, status, total, currency, version) SELECT"
                " lpad(to_hex(n), 32, '0')::uuid, gen_random_uuid(), 'placed', n, 'KRW', 1"
                " FROM generate_series(1, :rows) n"
            ),
            {"rows": rows},
        )
    return rows


@pytest.fixture
def service(pytestconfig: pytest.Config, database_url: str, tmp_path: Path) -> Iterator[tuple[str, psutil.Process]]:
    port, log = free_port(), tmp_path / "log"
    command = ["-m", "uvicorn", "examples.csv_export:app", "--port", str(port)]
    environment = {"DATABASE_URL": database_url}
    with running(command, folder=pytestconfig.rootpath, environment=environment, log=log) as process:
        deadline = time.monotonic() + 30
        while "Uvicorn running" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/orders.csv", psutil.Process(process.pid)


def test_every_row_comes_once_in_flat_memory(rows: int, service: tuple[str, psutil.Process]) -> None:
    url, process = service
    sizes, read = [], 0
    with httpx2.stream("GET", url, timeout=60) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "\ufeffid,created_at,status,total,currency"
        for number, row in enumerate(csv.reader(lines), 1):
            assert int(row[0].replace("-", ""), 16) == number == float(row[3])
            read = number
            if number % 10_000 == 0:
                sizes.append(process.memory_info().rss)
    assert read == rows
    assert max(sizes) - sizes[0] < 20_000_000


def test_clients_that_wait_or_leave_hold_no_connection(rows: int, service: tuple[str, psutil.Process]) -> None:
    url, _ = service
    with ExitStack() as stack:
        for _ in range(MORE_THAN_THE_POOL):
            next(stack.enter_context(httpx2.stream("GET", url, timeout=60)).iter_bytes())
        # They wait in the middle of their streams, and another client is served.
        assert httpx2.get(url, timeout=60).text.count("\n") == rows + 1
    # They have left.
    assert httpx2.get(url, timeout=60).text.count("\n") == rows + 1


def test_text_that_a_spreadsheet_would_run_is_escaped() -> None:
    assert as_csv([["=1+1", -1, 'a "b", c']]) == '\'=1+1,-1,"a ""b"", c"\r\n'
