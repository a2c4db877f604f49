"""Production does not start on what would open it (ASVS 11.2.3, 13.2.3 and 13.4.2)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


def start(project: Path, **changes: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIMITS__")}
    command = [sys.executable, "-c", "import main; print(main.app.openapi_url)"]
    return subprocess.run(
        command,
        cwd=project,
        env={**clean, **SOUND, **changes},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("check", CHECKS)
def test_it_does_not_start(project_folder: Path, check: str) -> None:
    refused = start(project_folder, **CHECKS[check])
    assert refused.returncode == 1
    assert [name for name in CHECKS[check] if name in refused.stderr]
    assert "Traceback" not in refused.stderr


def test_on_sound_settings_it_starts_without_docs(project_folder: Path) -> None:
    started = start(project_folder)
    assert (started.returncode, started.stdout) == (0, "None\n"), started.stderr
