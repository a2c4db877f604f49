"""Production does not start with unsafe settings (ASVS 11.2.3, 13.2.3 and 13.4.2)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ondol.testing.contract import Contract

SOUND = {
    "ENVIRONMENT": "production",
    "DATABASE_URL": "postgresql://shop:Tb5kq9Zx@db.internal/shop",
    "REDIS_URL": "redis://valkey.internal",
    "AUTH__SECRET_KEY": "mVn3c0sQ_8yT-hR5xKdL2wZp7JfGb9Ae4uXt",
    "HTTP__ALLOWED_HOSTS": '["shop.example.com"]',
    "MAIL__HOST": "smtp.internal",
    "MAIL__LINKS": "https://shop.example.com",
}
CHECKS = {
    "no secret": {"AUTH__SECRET_KEY": ""},
    "a secret of a template": {"AUTH__SECRET_KEY": "changethis-changethis-changethis-changethis"},
    "a short secret": {"AUTH__SECRET_KEY": "mVn3c0sQ_8yT"},
    "a weak secret that is only accepted": {"AUTH__PREVIOUS_SECRET_KEY": "a" * 40},
    "any host": {"HTTP__ALLOWED_HOSTS": '["*"]'},
    "any origin": {"HTTP__CORS_ORIGINS": '["*"]'},
    "any proxy": {"HTTP__TRUSTED_PROXIES": '["0.0.0.0/0"]'},
    "statements in the log": {"DEBUG": "true"},
    "no database": {"DATABASE_URL": ""},
    "a password that everybody knows": {"DATABASE_URL": "postgresql://postgres:postgres@db/shop"},
    "mail that is not sent": {"MAIL__HOST": ""},
    "links without TLS": {"MAIL__LINKS": "http://shop.example.com"},
    "metrics for everybody": {"METRICS__ENABLED": "true"},
    "no limit": {"LIMITS__LOGIN_ACCOUNT": "0/m"},
}


# Imports once; each case is a fork, which loads the settings and the application.
SCRIPT = """
import json, os, sys, tempfile
import app.factory

def tried(environment):
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if not child:
            os.dup2(said.fileno(), 2)
            os.environ.update(environment)
            try:
                import main
            except SystemExit as refused:
                print(refused.code, file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0 if main.app.openapi_url is None else 3)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        return status, said.read()

print(json.dumps([tried(environment) for environment in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="module")
def tried(project_folder: Path, contract: Contract) -> dict[str, tuple[int, str]]:
    """Return the exit status and the standard error of each check and of "sound"."""
    sound = {**SOUND, **contract.production}
    cases = {name: {**sound, **changes} for name, changes in CHECKS.items()} | {"sound": sound}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIMITS__")}
    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=project_folder,
        env=clean,
        input=json.dumps(list(cases.values())),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    return dict(zip(cases, map(tuple, json.loads(finished.stdout)), strict=True))


@pytest.mark.parametrize("check", CHECKS)
def test_it_does_not_start(tried: dict[str, tuple[int, str]], check: str) -> None:
    status, said = tried[check]
    assert status == 1
    assert [name for name in CHECKS[check] if name in said]
    assert "Traceback" not in said


def test_on_sound_settings_it_starts_without_docs(tried: dict[str, tuple[int, str]]) -> None:
    assert tried["sound"] == (0, "")
