"""The `ondol` command on the command line."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ondol.cli.main import app


def ondol(*arguments: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ondol.cli", *arguments],
        cwd=folder,
        env={**os.environ, "ENVIRONMENT": "test", "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def servers_of_the_test(database_url: str, redis_url: str) -> dict[str, str]:
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url}


def test_settings_shows_values_sources_and_no_secret(project_folder: Path, servers_of_the_test: dict[str, str]) -> None:
    shown = ondol("settings", folder=project_folder, SHOP__LOW_STOCK="3", **servers_of_the_test).stdout
    lines = {line.split()[1]: line for line in shown.splitlines() if line.startswith("│")}
    assert "3" in lines["SHOP__LOW_STOCK"]
    assert "environment" in lines["SHOP__LOW_STOCK"]
    assert "default" in lines["PORT"]
    assert "********" in lines["DATABASE_URL"]
    assert servers_of_the_test["DATABASE_URL"].rpartition("@")[0].rpartition(":")[2] not in shown


def test_seed_fills_the_database_once(project_folder: Path, servers_of_the_test: dict[str, str]) -> None:
    first = ondol("db", "seed", folder=project_folder, **servers_of_the_test)
    assert first.stdout.strip() == "1 admin, 50 customers, 1000 products and 300 orders.", first.stderr
    second = ondol("db", "seed", folder=project_folder, **servers_of_the_test)
    assert second.stdout.strip() == "The sample data already exists."


@pytest.mark.whole
def test_migrations_go_down_and_up_and_match_the_models(
    project_folder: Path, servers_of_the_test: dict[str, str]
) -> None:
    for arguments in (("downgrade", "base"), ("upgrade",), ("check",)):
        finished = ondol("db", *arguments, folder=project_folder, **servers_of_the_test)
        assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (["db", "upgrade"], {"AUTH__SECRET_KEY": "short"}, "AUTH__SECRET_KEY needs at least 32 characters"),
        (["worker"], {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}, "check DATABASE_URL"),
    ],
)
def test_what_a_person_can_mend_is_a_sentence(
    project_folder: Path,
    servers_of_the_test: dict[str, str],
    arguments: list[str],
    environment: dict[str, str],
    sentence: str,
) -> None:
    finished = ondol(*arguments, folder=project_folder, **{**servers_of_the_test, **environment})
    assert finished.returncode != 0
    assert sentence in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_taken_port_and_a_missing_project_are_told(project_folder: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        finished = ondol("demo", "--port", port, folder=project_folder)
    assert (finished.returncode, f"Port {port} is not free" in finished.stderr) == (1, True)
    assert "No Ondol project here" in ondol("settings", folder=tmp_path).stderr


def test_help_names_every_command_and_the_exit_codes(tmp_path: Path) -> None:
    shown = ondol("--help", folder=tmp_path)
    assert shown.returncode == 0
    for command in ("new", "dev", "demo", "db", "serve", "worker", "settings", "shell", "docs", "doctor", "update"):
        assert re.search(rf"^│ {command} ", shown.stdout, re.MULTILINE), command
    assert "Exit codes: 0 success" in shown.stdout
    assert ondol("nonsense", folder=tmp_path).returncode == 2


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_shell_completes_commands(tmp_path: Path, shell: str) -> None:
    asked = {"bash": {"COMP_WORDS": "ondol do", "COMP_CWORD": "1"}, "zsh": {"_TYPER_COMPLETE_ARGS": "ondol do"}}[shell]
    program = Path(sys.executable).with_name("ondol")
    environment = {**os.environ, "_ONDOL_COMPLETE": f"complete_{shell}", **asked}
    completed = subprocess.run([program], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "doctor" in completed.stdout
    assert "worker" not in completed.stdout


def test_outside_a_project_one_sentence_says_so(tmp_path: Path) -> None:
    refused = ondol("doctor", folder=tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "ondol: No Ondol project here. Run this in the folder that contains main.py and app/.\n"


def test_without_its_extra_the_command_says_what_to_do(tmp_path: Path) -> None:
    """As in a production image, typer cannot be imported."""
    code = "import sys; sys.modules['typer'] = None\nfrom ondol.cli.entry import run; run()"
    environment = {name: value for name, value in os.environ.items() if name != "UV"}
    refused = subprocess.run(
        [sys.executable, "-c", code, "doctor"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert refused.returncode == 1
    assert "install `ondol[cli]`" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.whole
def test_a_trace_is_shown_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "main.py").write_text("app = unknown\n")
    refused = ondol("settings", folder=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.startswith("ondol: NameError at main.py, line 1: name 'unknown' is not defined")
    assert "Traceback" not in refused.stderr
    (tmp_path / "main.py").write_text("\napp = (\n")
    assert ondol("settings", folder=tmp_path).stderr.startswith("ondol: SyntaxError at main.py, line 2: '(' was never")
    shown = ondol("--verbose", "settings", folder=tmp_path)
    assert shown.returncode == 1
    assert "Traceback" in shown.stderr


@pytest.mark.parametrize(
    "command",
    [
        *("new", "dev", "demo", "update", "docs", "doctor", "serve", "worker", "settings", "shell", "add resource"),
        *("db upgrade", "db downgrade", "db revision", "db merge", "db check", "db seed"),
        *("user create", "user list", "user grant", "user disable", "user enable", "user sessions", "audit-log"),
        "secret rotate",
    ],
)
def test_every_help_has_an_example(command: str) -> None:
    helped = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"})
    assert helped.exit_code == 0, helped.output
    assert re.search(rf"Examples?\b.*ondol {command}", helped.output, re.DOTALL)
