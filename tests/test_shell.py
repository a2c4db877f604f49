"""`ondol shell`, in the starter and with a real PostgreSQL."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ADD = """
from app.scopes import Role
async with runtime.transaction(client) as writing:
    await UserService(writing).create(
        email="a@example.com", full_name="A", hashed_password="x", role=Role.CUSTOMER
    )
"""
COUNT = "print('accounts:', len((await work.session.scalars(select(User))).all()))"

Shell = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(database_url: str, redis_url: str) -> dict[str, str]:
    return {**os.environ, "ENVIRONMENT": "test", "DATABASE_URL": database_url, "REDIS_URL": redis_url}


@pytest.fixture
def shell(project_folder: Path, environment: dict[str, str]) -> Shell:
    def run(*arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "ondol.cli", "shell", *arguments],
            cwd=project_folder, env=environment, input=typed, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run


def test_code_awaits_reads_and_commits(shell: Shell) -> None:
    finished = shell("-c", f"{COUNT}\n{ADD}\n{COUNT}\nprint(settings.environment, runtime.settings is settings)")
    assert finished.stdout.splitlines() == ["accounts: 0", "accounts: 1", "test True"], finished.stderr


def test_a_person_types_statements(shell: Shell) -> None:
    """An exception rolls back and the shell goes on; `work` does not write, and sees what was committed since."""
    rolled_back = f"{ADD}    1 / 0\n\n{COUNT}\n"
    refused = "work.session.add(User(email='b@example.com')); await work.session.flush()\n"
    change = "async with runtime.transaction() as t:\n    (await t.session.get(User, user.id)).full_name = 'B'\n"
    read = "user = await work.session.scalar(select(User))\nprint('name:', user.full_name)\n"
    finished = shell(typed=f"1 + 1\n{rolled_back}{refused}{ADD}\n{COUNT}\n{read}{change}\n{read}user.email\nexit(3)\n")
    assert finished.returncode == 3
    assert "Python with await, in test:" in finished.stderr
    assert ">>> 2\n" in finished.stdout
    assert re.findall("accounts: (.)", finished.stdout) == ["0", "1"], finished.stderr
    assert re.findall("name: (.)", finished.stdout) == ["A", "B"], finished.stderr
    assert "'a@example.com'" in finished.stdout
    assert finished.stderr.count("Traceback") == 2
    assert 'File "<console>", line 5, in <module>\nZeroDivisionError' in finished.stderr
    assert "ondol.db.reading.ReadOnlyViolation: A read session cannot write" in finished.stderr


@pytest.mark.whole
def test_it_migrates_the_empty_database_of_development(starter_copy: Path) -> None:
    """As the web server does: `ondol shell` may be the first command in a project."""
    development = {"ENVIRONMENT": "development", "DATABASE_URL": "", "REDIS_URL": ""}
    finished = subprocess.run(
        [sys.executable, "-m", "ondol.cli", "shell", "-c", COUNT],
        cwd=starter_copy, env={**os.environ, **development}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert finished.stdout == "accounts: 0\n", finished.stderr


@pytest.mark.whole
def test_ctrl_c_cancels_a_statement_and_the_shell_goes_on(project_folder: Path, environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ondol.cli", "shell"],
        cwd=project_folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    watch = threading.Timer(60, process.kill)
    watch.start()
    process.stdin.write("import asyncio; print('began', flush=True); await asyncio.sleep(600)\n")
    process.stdin.flush()
    assert "began" in process.stdout.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    shown, said = process.communicate("print('goes on')\n")
    watch.cancel()
    assert "goes on" in shown
    assert "KeyboardInterrupt" in said
    assert process.returncode == 0


@pytest.mark.whole
def test_code_that_is_wrong_and_exit_codes(shell: Shell) -> None:
    assert shell("-c", "raise SystemExit(4)").returncode == 4
    for code, said in (
        ("print('a'", "SyntaxError at <string>, line 1: '(' was never closed"),
        (f"{ADD}    1 / 0", "ZeroDivisionError at <string>, line 7: division by zero"),
    ):
        wrong = shell("-c", code)
        assert (wrong.returncode, wrong.stdout) == (1, "")
        assert wrong.stderr.startswith(f"ondol: {said}")
