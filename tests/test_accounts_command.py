"""`ondol user`, `ondol audit-log`, `ondol jobs` and `ondol secret` on the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ondol.settings.rotation import CURRENT, NEXT, PREVIOUS, next_step, read_environment_file, written

PASSWORD = "correct horse battery"


@pytest.fixture
def run(project_folder: Path, database_url: str, redis_url: str) -> Any:
    def run(*arguments: str, answer: str = "") -> "subprocess.CompletedProcess[str]":
        servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        return subprocess.run(
            [sys.executable, "-m", "ondol.cli", *arguments],
            cwd=project_folder,
            env={**os.environ, "ENVIRONMENT": "test", "COLUMNS": "200", **servers},
            input=answer,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def rows(finished: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines() if line.startswith("{")]


@pytest.mark.whole
def test_accounts_from_the_command_line(run: Any) -> None:
    [made] = rows(run("user", "create", "Jiwoo@Example.com", "--name", "김지우", "--json", answer=PASSWORD + "\n"))
    assert (made["email"], made["role"], made["is_active"]) == ("jiwoo@example.com", "customer", True)
    [granted] = rows(run("user", "grant", "JIWOO@example.com", "admin", "--json"))
    assert granted["role"] == "admin"
    assert [user["email"] for user in rows(run("user", "list", "--role", "admin", "--json"))] == ["jiwoo@example.com"]
    assert rows(run("user", "list", "--role", "customer", "--json")) == []
    assert rows(run("user", "sessions", "jiwoo@example.com", "--json")) == []
    last = run("user", "disable", "jiwoo@example.com")
    assert (last.returncode, "the last active administrator" in last.stderr) == (1, True)
    rows(run("user", "create", "second@example.com", "--name", "n", "--role", "admin", "--json", answer=PASSWORD))
    [disabled] = rows(run("user", "disable", "jiwoo@example.com", "--json"))
    assert disabled["is_active"] is False

    [enabled] = rows(run("user", "enable", "jiwoo@example.com", "--json"))
    assert enabled["is_active"] is True

    told = rows(run("audit-log", "--json"))
    changed, created = "account.changed", "account.created"
    assert [entry["action"] for entry in told] == [changed, changed, created, changed, created]
    assert {entry["user_agent"].partition(",")[0] for entry in told} == {"ondol command"}
    assert PASSWORD not in str(told)
    assert len(rows(run("audit-log", "--action", "account.created", "--json"))) == 2
    table = run("user", "list").stdout
    assert "jiwoo@example.com" in table
    assert "김지우" in table


@pytest.mark.whole
@pytest.mark.parametrize(
    ("arguments", "answer", "sentence"),
    [
        (["user", "create", "nobody", "--name", "n"], PASSWORD, "email address"),
        (["user", "create", "a@example.com", "--name", "n"], "short", "Use 8 to 128 characters."),
        (["user", "create", "a@example.com", "--name", "n"], "password123", "This password is too common."),
        (["user", "create", "a@example.com", "--name", "n", "--role", "king"], PASSWORD, "'customer' or 'admin'"),
        (["user", "grant", "a@example.com", "admin"], "", "There is no such account."),
        (["user", "grant", "no address", "admin"], "", "There is no such account."),
        (["user", "list", "--role", "king"], "", "'customer' or 'admin'"),
        (["audit-log", "--action", "nothing"], "", "Input should be"),
        (["audit-log", "--since", "yesterday"], "", "SINCE"),
        (["jobs", "retry", "999999"], "", "Job 999999 does not exist"),
        (["jobs", "cancel", "999999"], "", "Job 999999 does not exist"),
    ],
)
def test_what_is_wrong_is_a_sentence(run: Any, arguments: list[str], answer: str, sentence: str) -> None:
    refused = run(*arguments, answer=answer + "\n")
    assert refused.returncode == 1
    assert sentence in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not answer or answer not in refused.stderr


@pytest.mark.whole
def test_jobs_from_the_command_line(run: Any, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM procrastinate_jobs")
        connection.execute(
            "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'reports.[bold]', 0, NULL, NULL, '{}', NULL)"
            "::procrastinate_job_to_defer_v1])"
        )
    [waiting] = rows(run("jobs", "list", "--json"))
    assert (waiting["task"], waiting["status"], rows(run("jobs", "failed", "--json"))) == ("reports.[bold]", "todo", [])
    number = str(waiting["id"])
    assert "reports.[bold]" in run("jobs", "list", "--status", "todo").stdout
    assert run("jobs", "cancel", number).stdout == "Jobs cancelled: 1.\n"
    assert run("jobs", "retry", number).stdout == "Jobs queued again: 1.\n"
    assert run("jobs", "retry", "--all").stdout == "Jobs queued again: 0.\n"
    for wrong in (["retry"], ["retry", number, "--all"], ["list", "--status", "lost"]):
        assert run("jobs", *wrong).returncode == 2


def test_an_address_is_taken_once(run: Any) -> None:
    create = ("user", "create", "a@example.com", "--name", "n")
    assert run(*create, answer=PASSWORD + "\n").returncode == 0
    again = run(*create, answer=PASSWORD + "\n")
    assert (again.returncode, "An account with this e-mail address already exists." in again.stderr) == (1, True)


@pytest.mark.whole
def test_a_secret_is_rotated_in_three_steps(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"# ours\n{CURRENT}={'o' * 40}\nPORT=9000\n")
    command = [sys.executable, "-m", "ondol.cli", "secret", "rotate", "--file", str(file)]

    def rotate() -> dict[str, str]:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert "o" * 40 not in done.stdout
        return read_environment_file(file.read_text())

    first = rotate()
    assert first == {CURRENT: "o" * 40, NEXT: first[NEXT]}
    assert rotate() == {CURRENT: first[NEXT], PREVIOUS: "o" * 40}
    assert rotate() == {CURRENT: first[NEXT]}
    assert file.read_text() == f"# ours\n{CURRENT}={first[NEXT]}\nPORT=9000\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_a_file_the_step_is_printed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ondol.cli", "secret", "rotate"]
    environment = {**os.environ, CURRENT: "o" * 40, PREVIOUS: "p" * 40}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout == f"unset {PREVIOUS}\n"
    assert list(tmp_path.iterdir()) == []


def test_the_other_lines_of_a_file_stay() -> None:
    text = "A=1\nAUTH__SECRET_KEY=old"
    assert written(text, {CURRENT: "new", PREVIOUS: None}) == "A=1\nAUTH__SECRET_KEY=new\n"
    assert written("", {CURRENT: "new"}) == "AUTH__SECRET_KEY=new\n"
    assert next_step({CURRENT: "o"}).values.keys() == {NEXT}
