"""Rollback of a migration in production."""

import os
import subprocess
import sys

import psycopg
import pytest
from production_rig import Production

pytestmark = pytest.mark.whole


def test_in_production_a_downgrade_asks(prod: Production) -> None:
    def downgrade(*options: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "ondol.cli", "db", "downgrade", "-1", *options]
        environment = {**os.environ, **prod.environment}
        return subprocess.run(command, cwd=prod.project, env=environment, capture_output=True, text=True, timeout=60)

    def has_audit_log() -> bool:
        with psycopg.connect(prod.database_url) as connection:
            return connection.execute("SELECT to_regclass('audit_log') IS NOT NULL").fetchone() == (True,)

    asked = downgrade()
    assert (asked.returncode, "back to -1?" in asked.stdout, has_audit_log()) == (1, True, True), asked.stderr
    assert downgrade("--yes").returncode == 0
    assert not has_audit_log()
