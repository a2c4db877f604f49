"""The runbook has a section for each alert, and its commands work."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import yaml
from pages import blocks

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "docs" / language / "how-to" / "runbook.md" for language in ("en", "ko")]


def test_each_alert_has_a_section_and_each_section_an_alert() -> None:
    groups = yaml.safe_load((ROOT / "starter" / "deploy" / "alerts.yaml").read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"]]
    for page in PAGES:
        assert re.findall(r"^## (\w+)$", page.read_text(), re.MULTILINE) == [rule["alert"] for rule in alerts]
    for rule in alerts:
        assert rule["annotations"]["runbook"] == f"docs/en/how-to/runbook.md#{rule['alert'].lower()}"


def test_both_languages_run_the_same() -> None:
    for language in ("sql", "bash"):
        english, korean = (blocks(page, language) for page in PAGES)
        assert english == korean
        assert len(english) >= 4


def test_the_statements_run(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for block in blocks(PAGES[0], "sql"):
            for statement in filter(str.strip, block.split(";\n")):
                assert connection.execute(statement).description


@pytest.mark.whole
def test_the_commands_run(database_url: str, redis_url: str, project_folder: Path) -> None:
    servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "ENVIRONMENT": "test"}
    for line in "".join(blocks(PAGES[0], "bash")).splitlines():
        program, *arguments = shlex.split(line)
        assert program == "ondol"
        finished = subprocess.run(
            [sys.executable, "-m", "ondol.cli", *arguments],
            cwd=project_folder, env={**os.environ, **servers}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert finished.returncode == 0, (line, finished.stderr)
