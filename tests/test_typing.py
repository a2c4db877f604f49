"""The type checker refuses wrong arguments of a job, a query without an owner, an unknown setting. Each line is checked
separately; `mypy` knows the service only by its annotations."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAD = """
from datetime import datetime, timedelta
from uuid import UUID

from app.repositories.orders import OrderRepository
from app.runtime import UnitOfWork
from app.services.orders import OrderService, send_receipt
from app.services.sessions import delete_expired_sessions
from ondol.ownership import EVERYBODY
from sqlalchemy import select
from app.models import Order
from app.schemas.orders import OrderQuery, OrderRead


async def check(work: UnitOfWork, id: UUID, moment: datetime, delay: timedelta, query: OrderQuery) -> None:
"""
RIGHT = [
    "await work.enqueue(send_receipt, order_id=id)",
    "await work.enqueue_at(moment, send_receipt, order_id=id)",
    "await work.enqueue_in(delay, send_receipt, order_id=id)",
    "await work.enqueue(delete_expired_sessions)",
    "order: OrderRead | None = await OrderRepository(work).read(EVERYBODY, id)",
    "locked: Order | None = await OrderRepository(work).lock(id, id)",
    "low: int = work.settings.shop.low_stock",
    "issuer: str = work.settings.auth.issuer",
    "text: str = (await OrderService(work).get(id, id)).currency",
]
WRONG = [
    ("await work.enqueue(send_receipt)", "order_id"),
    ("await work.enqueue(send_receipt, order=id)", "order"),
    ("await work.enqueue(send_receipt, order_id='x')", "order_id"),
    ("await work.enqueue_at(moment, send_receipt)", "order_id"),
    ("await work.enqueue_at(delay, send_receipt, order_id=id)", "datetime"),
    ("await work.enqueue_in(delay, send_receipt, order_id=1)", "order_id"),
    ("await work.enqueue_in(moment, send_receipt, order_id=id)", "timedelta"),
    ("await OrderRepository(work).read(id)", "id_"),
    ("await OrderRepository(work).lock(id)", "id_"),
    ("await OrderRepository(work).read(None, id)", "UUID | Everybody"),
    ("await OrderRepository(work).page(select(Order), query)", "owner"),
    ("await OrderRepository(work).search(query)", "UUID | Everybody"),
    ("wrong: str = work.settings.shop.low_stock", "int"),
    ("work.settings.shop.low", "low"),
    ("work.settings.sho", "sho"),
    ("(await OrderService(work).get(id, id)).curency", "curency"),
    ("OrderService(work.session)", "UnitOfWork"),
]


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """Return the errors of all lines, by line number."""
    file = tmp_path_factory.mktemp("typing") / "lines.py"
    file.write_text(HEAD + "".join(f"    {line}\n" for line in (*RIGHT, *(line for line, _ in WRONG))))
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", "--no-error-summary", str(file)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    found = re.findall(r"lines\.py:(\d+): error: (.*)", finished.stdout)
    assert finished.returncode in (0, 1), finished.stderr
    return {int(number): message for number, message in found}


FIRST = HEAD.count("\n") + 1


@pytest.mark.parametrize("number", range(len(RIGHT)), ids=lambda number: RIGHT[number])
def test_what_is_right_passes(errors: dict[int, str], number: int) -> None:
    assert errors.get(FIRST + number) is None


@pytest.mark.parametrize("number", range(len(WRONG)), ids=lambda number: WRONG[number][0])
def test_what_is_wrong_is_an_error_that_names_it(errors: dict[int, str], number: int) -> None:
    assert WRONG[number][1] in errors[FIRST + len(RIGHT) + number]
