"""README.md and README.ko.md: their code runs, their output is printed, the figures are measured."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pages import blocks

ROOT = Path(__file__).resolve().parents[1]
ENGLISH, KOREAN = ROOT / "README.md", ROOT / "README.ko.md"
RENAMED = {"list of 20": "list of 20, page 1"}


def run(module: str, database_url: str, redis_url: str) -> str:
    environment = {**os.environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    command = [sys.executable, "-m", module]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_both_languages_have_the_same_code_output_and_figures() -> None:
    commented = re.compile(r"  +#.*|(?<=orders.py  …) .*")
    english, korean = ([commented.sub("", block) for block in blocks(file, None)] for file in (ENGLISH, KOREAN))
    assert english == korean
    assert len(english) >= 8
    shares = [
        re.findall(r"\d+ %", file.read_text(encoding="utf-8").partition("|---|")[2]) for file in (ENGLISH, KOREAN)
    ]
    assert shares[0] == shares[1]


def test_the_code_is_that_of_the_example_and_runs(database_url: str, redis_url: str) -> None:
    [code] = blocks(ENGLISH, "python")
    assert code in (ROOT / "examples" / "readme" / "layers.py").read_text(encoding="utf-8")
    created, taken = run("examples.readme.layers", database_url, redis_url).splitlines()
    assert (created[:3], taken[:3], "title_taken" in taken) == ("201", "409", True)


def test_the_output_of_the_failed_commit_is_printed(database_url: str, redis_url: str) -> None:
    assert run("examples.readme.failed_commit", database_url, redis_url) in blocks(ENGLISH)


@pytest.mark.whole
def test_without_the_owner_clause_the_tests_that_are_named_fail(tmp_path: Path) -> None:
    [commands] = [block for block in blocks(ENGLISH, "bash") if block.startswith("sed")]
    [failed] = [block for block in blocks(ENGLISH) if "FAILED" in block]
    copy = tmp_path / "copy"
    shutil.copytree(
        ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", ".ondol", "__pycache__", ".*_cache"), symlinks=True
    )
    change, tests = commands.splitlines()[:2]
    subprocess.run(["bash", "-c", change], cwd=copy, check=True)
    assert (copy / "src/ondol/repository.py").read_text() != (ROOT / "src/ondol/repository.py").read_text()
    command = tests.replace("uv run pytest", f"{sys.executable} -m pytest")
    # With servers of its own: under this process's name it would replace this process's database.
    ours = ("ONDOL_TEST", "PYTEST")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment["PYTHONPATH"] = str(copy / "src")
    told = subprocess.run(["bash", "-c", command], cwd=copy, env=environment, capture_output=True, text=True)
    names = [re.sub(r" - .*", "", line) for line in told.stdout.splitlines() if line.startswith("FAILED")]
    assert names == failed.splitlines(), told.stdout[-2000:]


def test_the_shares_are_those_of_the_last_benchmark() -> None:
    measured = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8").partition("With ten times")[0]
    rows = re.findall(
        r"^\| ([^|]+) \| 100 % \| (\d+) % \| (\d+) % \|$", ENGLISH.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(rows) >= 5
    for name, careful, ours in rows:
        line = rf"^{RENAMED.get(name, name)} +handwritten .*\n +careful +\d+ +(\d+)%.*\n +starter +\d+ +(\d+)%"
        assert re.findall(line, measured, re.MULTILINE) == [(careful, ours)], name
