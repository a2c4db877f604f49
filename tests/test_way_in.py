"""An existing FastAPI application can add one part of Ondol at a time, in at most ten lines each."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from ondol.db.session import SyncDatabase

MAX_LINES = 10
THEIRS = """\
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.guests = {"jiwoo"}
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/guests/{name}")
async def guest(name: str) -> dict[str, str]:
    if name not in app.state.guests:
        raise HTTPException(404, "No such guest.")
    return {"name": name}
"""
# A line of the file, and the lines that follow it then: added lines begin with `+`.
PROBLEMS = [
    ("from fastapi import FastAPI, HTTPException\n", "+from ondol.web.problems import install_problems\n"),
    ("app = FastAPI(lifespan=lifespan)\n", "+install_problems(app)\n"),
]
DATABASE = [
    (
        "from fastapi import FastAPI, HTTPException\n",
        "+from ondol.db.session import Database\n+from sqlalchemy import text\n",
    ),
    (
        '    app.state.guests = {"jiwoo"}\n',
        '+    app.state.database = Database(os.environ["DATABASE_URL"])\n',
    ),
    ("    yield\n", "+    await app.state.database.close()\n"),
    (
        '    return {"name": name}\n',
        '+\n+\n+@app.get("/now")\n+async def now() -> str:\n'
        "+    async with app.state.database.transaction() as session:\n"
        '+        return str(await session.scalar(text("SELECT now()")))\n',
    ),
]
JOBS = [
    (
        "from fastapi import FastAPI, HTTPException\n",
        "+from ondol.jobs.queue import enqueue\n+from procrastinate import Blueprint\n+\n+jobs = Blueprint()\n",
    ),
    (
        "app = FastAPI(lifespan=lifespan)\n",
        '+\n+\n+@jobs.task(name="greet")\n+async def greet(*, name: str) -> None: ...\n',
    ),
    (
        "    async with app.state.database.transaction() as session:\n",
        '+        await enqueue(session, greet, name="jiwoo")\n',
    ),
]


def with_lines(source: str, changes: list[tuple[str, str]]) -> str:
    added = [line for _, new in changes for line in new.splitlines() if line != "+"]
    assert len(added) <= MAX_LINES
    for anchor, new in changes:
        assert source.count(anchor) == 1, anchor
        source = source.replace(anchor, anchor + "".join(line[1:] for line in new.splitlines(keepends=True)))
    return source


def imported(source: str, folder: Path) -> ModuleType:
    file = folder / "theirs.py"
    file.write_text(source)
    spec = importlib.util.spec_from_file_location("theirs", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_part_at_a_time(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)

    def answer(source: str, url: str) -> Any:
        with TestClient(imported(source, tmp_path).app) as client:
            return client.get(url).json()

    source = THEIRS
    assert answer(source, "/guests/nobody") == {"detail": "No such guest."}
    source = with_lines(source, PROBLEMS)
    assert answer(source, "/guests/nobody")["code"] == "not_found"
    source = with_lines(source, DATABASE)
    assert answer(source, "/now").startswith("20")
    source = with_lines(source, JOBS)
    assert answer(source, "/now").startswith("20")
    database = SyncDatabase(database_url)
    with database.transaction() as session:
        assert session.scalars(text("SELECT task_name FROM procrastinate_jobs")).all() == ["greet"]
    database.close()
