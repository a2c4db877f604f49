"""Logs contain no values of a request, even from messages of PostgreSQL."""

import json
import logging
from typing import Any

import psycopg
import pytest
from procrastinate import Blueprint
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ondol.db.session import Database
from ondol.jobs.queue import enqueue
from ondol.observability.logging import configure_logging
from ondol.observability.options import LoggingSettings
from ondol.runtime import Runtime
from ondol.settings import Settings

SECRET = "hunter2-of-the-request"
STATEMENTS = {
    "22P02 invalid text": ("SELECT CAST(CAST(:value AS text) AS integer)", SECRET),
    "22007 invalid date": ("SELECT CAST(CAST(:value AS text) AS date)", SECRET),
    "22P02 invalid json": ("SELECT CAST(CAST(:value AS text) AS json)", SECRET),
    "23502 failing row": ("INSERT INTO mailed_tokens (id, email) VALUES (gen_random_uuid(), :value)", SECRET),
    "22P02 of several lines": ("SELECT CAST(CAST(:value AS text) AS integer)", f"first\n{SECRET}\nlast"),
    "23505 of several lines": (
        "INSERT INTO mailed_tokens (id, purpose, email, expires_at, digest) SELECT gen_random_uuid(), 'x', 'x', now(), "
        "digest FROM "
        "(VALUES (CAST(:value AS bytea)), (CAST(:value AS bytea))) AS same (digest)",
        f"first\n{SECRET}",
    ),
    "23514 failing row of several lines": (
        "INSERT INTO users (id, email, full_name, hashed_password, role, is_active, version) "
        "VALUES (gen_random_uuid(), 'UPPER', :value, 'x', 'customer', true, 1)",
        f"first\n{SECRET}",
    ),
    "22001 too long": ("INSERT INTO users (id, role) SELECT gen_random_uuid(), CAST(:value AS text)", SECRET * 9),
}


@pytest.mark.parametrize("format_", ["json", "console"])
@pytest.mark.parametrize("case", STATEMENTS)
async def test_traces_hold_no_value(
    database_url: str, capfd: pytest.CaptureFixture[str], case: str, format_: Any
) -> None:
    configure_logging(LoggingSettings(format=format_))
    database = Database(database_url)
    statement, value = STATEMENTS[case]
    with pytest.raises(DBAPIError) as raised:
        async with database.transaction() as session:
            await session.execute(text(statement), {"value": value})
    assert isinstance(raised.value.orig, psycopg.Error)
    assert raised.value.orig.sqlstate == case[:5]
    for error in (raised.value, ExceptionGroup("as of a task group", [raised.value])):
        try:
            raise error
        except Exception:
            logging.getLogger("uvicorn.error").exception("it broke")
    await database.close()
    said = capfd.readouterr().err
    assert SECRET not in said
    assert said.count("it broke") == 2
    assert "Traceback" in said
    if case.startswith("22"):
        assert f"SQLSTATE {case.split(maxsplit=1)[0]}" in said or "UndefinedColumn" in said


@Blueprint().task(name="traces.broken")
async def broken(*, email: str) -> None:
    raise RuntimeError("in a job")


async def test_a_failed_job_is_logged_without_its_arguments(
    database_url: str, redis_url: str, tmp_path: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(environment="test", database_url=database_url, redis_url=redis_url, project_folder=tmp_path)
    configure_logging(settings.logging)
    runtime = Runtime(settings, jobs=[broken])
    async with runtime.opened():
        async with runtime.database.transaction() as session:
            await enqueue(session, broken, email=f"{SECRET}@example.com")
        await runtime.worker().run(until_empty=True)
    said = capfd.readouterr().err
    assert [json.loads(line)["job"] for line in said.splitlines() if '"job_failed"' in line] == ["traces.broken"]
    assert SECRET not in said
