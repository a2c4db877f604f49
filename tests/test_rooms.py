"""A user's booking service: four generated resources, and code written by hand (tests/rooms)."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from projects import run
from rooms import build, write_by_hand

SERVERLESS = {"ENVIRONMENT": "development", "DATABASE_URL": "", "REDIS_URL": ""}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("generated") / "rooms")


@pytest.fixture(scope="module")
def project(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("by-hand") / "rooms"
    shutil.copytree(generated, project, ignore=shutil.ignore_patterns(".ondol"))
    write_by_hand(project)
    return project


@pytest.mark.whole
def test_the_doctor_has_nothing_against_what_was_generated(generated: Path) -> None:
    told = run(generated, "ondol.cli", "doctor", "--json", **SERVERLESS)
    found = [finding for finding in json.loads(told.stdout) if finding["about"] != "starter"]  # not recorded here
    assert (told.returncode, found) == (0, [])


@pytest.mark.whole
@pytest.mark.parametrize(
    "command", ["ruff check .", "ruff format --check .", "mypy app", "ondol.cli db check", "ondol.cli doctor"]
)
def test_its_checks_are_green(project: Path, command: str) -> None:
    checked = run(project, *command.split(), **SERVERLESS)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.whole
def test_its_migrations_stop_no_table_that_is_used(project: Path) -> None:
    sql = run(project, "ondol.cli", "db", "upgrade", "--sql").stdout
    squawk = Path(sys.executable).with_name("squawk")
    judged = subprocess.run([squawk], input=sql, cwd=project, capture_output=True, text=True)
    assert judged.returncode == 0, judged.stdout


@pytest.mark.whole
def test_its_examination_is_green(project: Path) -> None:
    """Runs its own tests, and the contract tests for all of its operations."""
    tested = run(project, "pytest", "-q")
    assert tested.returncode == 0, tested.stdout[-6_000:]
