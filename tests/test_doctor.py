"""`ondol doctor` finds each known problem, and finds none in a new project."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ondol.generator.create import create

LATE = """
from typing import Annotated
from fastapi import APIRouter, Depends
from ondol.auth.caller import Caller
from ondol.runtime import UnitOfWork
from ondol.web.unit_of_work import transaction
from fastapi import Security
from app.access import current_user

router = APIRouter(prefix="/late", tags=["late"])


@router.post("/things", name="create")
async def create_thing(work: Annotated[UnitOfWork, Depends(transaction)]) -> None:
    "Creates a thing."


@router.get("/mine", name="mine")
async def mine(user: Annotated[Caller, Security(current_user)]) -> None:
    "Whatever the scopes of the session."
"""


def doctor(project: Path, **variables: str) -> tuple[int, set[tuple[str, str, str]]]:
    environment = {**os.environ, "ENVIRONMENT": "development", "DATABASE_URL": "", "REDIS_URL": "", **variables}
    command = [sys.executable, "-m", "ondol.cli", "doctor", "--json"]
    finished = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=120)
    found: list[dict[str, Any]] = json.loads(finished.stdout or finished.stderr)
    assert all(finding["remedy"] for finding in found)
    return finished.returncode, {(finding["level"], finding["about"], finding["problem"]) for finding in found}


@pytest.mark.whole
def test_what_is_wrong_is_found_and_nothing_else(tmp_path: Path, database_url: str) -> None:
    project = create(tmp_path / "blog", sample=False, starter=None).folder
    assert doctor(project) == (0, set())

    (project / "app/routers/late.py").write_text(LATE)
    listed = project / "app/routers/__init__.py"
    text = listed.read_text().replace("import (", "import (\n    late,")
    listed.write_text(text.replace("ROUTERS = [", "ROUTERS = [late.router, "))
    (project / ".env").write_text("# nothing\n")
    subprocess.run(["git", "add", "--force", ".env"], cwd=project, check=True)
    stamp = "UPDATE alembic_version SET version_num = %s"
    with psycopg.connect(database_url, autocommit=True) as connection:
        [head] = connection.execute("SELECT version_num FROM alembic_version").fetchone() or [""]
        connection.execute(stamp, ["another branch"])
        code, found = doctor(project, DATABASE_URL=database_url, REDIS_URL="redis://127.0.0.1:1/0")
        connection.execute(stamp, [head])
    assert code == 1
    assert found == {
        ("error", "settings", ".env is tracked by git: its secrets are in every clone."),
        ("error", "migrations", "The database is at a migration that this project does not have."),
        (
            *("warning", "Valkey"),
            "It does not answer (ConnectionError). The service works, but every read goes to PostgreSQL.",
        ),
        ("warning", "routes", "Anyone can call POST /api/v1/late/things."),
        ("warning", "routes", "Every account can call GET /api/v1/late/mine."),
        (
            *("error", "routes"),
            "/api/v1/late/things takes its transaction in FastAPI's default scope: it commits after the response.",
        ),
    }

    code, found = doctor(project, AUTH__SECRET_KEY="short")
    assert code == 1
    assert any(problem.startswith("AUTH__SECRET_KEY needs at") for _, about, problem in found if about == "settings")
    code, found = doctor(project, DATABASE_URL="postgresql://127.0.0.1:1/x", AUTH__SECRET_KEY="")
    assert (code, {about for level, about, _ in found if level == "error"}) == (1, {"settings", "PostgreSQL", "routes"})


CLOCK = """
import sys, psycopg
from ondol.doctor import servers
with psycopg.connect(sys.argv[1]) as connection:
    print(*(finding.problem for finding in servers._postgresql(connection)))
"""


@pytest.mark.whole
@pytest.mark.parametrize(("ahead", "said"), [("+0s", "\n"), ("+60s", " are 60 s apart"), ("-2h", " are 7200 s apart")])
def test_a_clock_that_is_wrong(database_url: str, ahead: str, said: str) -> None:
    """This process's clock is shifted with Debian's faketime; PostgreSQL's is right."""
    url = database_url.replace("+psycopg", "")
    command = ["faketime", "-f", ahead, sys.executable, "-c", CLOCK, url]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert found.returncode == 0, found.stderr
    assert said in found.stdout
