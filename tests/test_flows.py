"""Deleting a router's line removes a flow from a project; the rest starts and serves all other operations."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from projects import bare_project

STARTER = Path(__file__).resolve().parents[1] / "starter"
FLOWS = {
    "registration": "/api/v1/auth/register",
    "password_reset": "/api/v1/auth/password-reset",
    "email_change": "/api/v1/auth/email-change",
    "sessions": "/api/v1/auth/sessions",
    "audit": "/api/v1/audit-log",
}


def paths(project: Path) -> set[str]:
    command = [sys.executable, "-c", "import json, main; print(json.dumps(list(main.app.openapi()['paths'])))"]
    done = subprocess.run(
        command, cwd=project, env={**os.environ, "ENVIRONMENT": "test"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.whole
@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_is_one_line(tmp_path: Path, flow: str) -> None:
    project = bare_project(tmp_path / "shop", sample=True)
    listed = project / "app" / "routers" / "__init__.py"
    text = listed.read_text()
    line = f"    {flow}.router,\n"
    assert text.count(line) == 1
    listed.write_text(text.replace(line, ""))
    with_it, without = paths(STARTER), paths(project)
    assert with_it - without == {path for path in with_it if path.startswith(FLOWS[flow])} != set()
