"""Each public module imports only the dependencies that it is about."""

import resource
import subprocess
import sys

import pytest

from ondol.project import REPOSITORY_STARTER

OURS = {
    *("aiosmtplib", "alembic", "argon2", "fastapi", "itsdangerous", "jwt", "procrastinate", "psycopg"),
    *("prometheus_client", "pwdlib", "pydantic", "pydantic_settings", "redis", "sqlakeyset", "sqlalchemy", "starlette"),
    *("structlog", "typer", "uvicorn", "uuid_utils", "zxcvbn"),
}
DEPENDENCIES = (
    "import fastapi, sqlalchemy.ext.asyncio, psycopg, psycopg_pool, redis.asyncio, pydantic_settings, uvicorn"
)
# Not alembic: it would be a ninth of what a start costs.
RUNTIME = (
    "aiosmtplib argon2 itsdangerous jwt procrastinate prometheus_client psycopg pwdlib pydantic pydantic_settings "
    "redis sqlakeyset sqlalchemy structlog uuid_utils zxcvbn"
)
MAY_LOAD = {
    "ondol": "",
    "ondol.errors": "",
    "ondol.keys": "",
    "ondol.options": "pydantic",
    "ondol.ownership": "",
    "ondol.types": "pydantic",
    "ondol.auth.caller": "",
    "ondol.auth.devices": "jwt",
    "ondol.auth.passwords": "argon2 pwdlib pydantic",
    "ondol.auth.refresh": "",
    "ondol.auth.rules": "argon2 pwdlib pydantic",
    "ondol.auth.tokens": "jwt pydantic uuid_utils",
    "ondol.cache": "psycopg pydantic redis sqlalchemy structlog",
    "ondol.db.base": "sqlalchemy uuid_utils",
    "ondol.db.pagination": "itsdangerous pydantic sqlakeyset sqlalchemy",
    "ondol.db.session": "psycopg pydantic sqlalchemy",
    "ondol.jobs.queue": "procrastinate psycopg sqlalchemy",
    "ondol.mail.mailer": "aiosmtplib pydantic",
    "ondol.observability.metrics": "prometheus_client",
    "ondol.rate_limits.limiter": "pydantic redis structlog",
    "ondol.runtime": RUNTIME,
    "ondol.server.protocol": "structlog uvicorn",
    "ondol.settings": "psycopg pydantic pydantic_settings zxcvbn",
    "ondol.valkey.client": "pydantic redis structlog",
    "ondol.web.problems": "fastapi psycopg pydantic sqlalchemy starlette structlog",
}


@pytest.mark.parametrize("module", MAY_LOAD)
def test_a_module_loads_what_it_is_about(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert OURS & set(loaded) == set(MAY_LOAD[module].split())


@pytest.mark.whole
def test_importing_a_service_costs_little_more_than_importing_its_dependencies() -> None:
    """About 1.6; the aim is 1.4 (decision 0023). The least of each is what other load on the machine changes least."""
    rounds = [(_seconds("import main"), _seconds(DEPENDENCIES)) for _ in range(7)]
    service, dependencies = map(min, zip(*rounds, strict=True))
    assert service / dependencies < 1.85


def _seconds(code: str) -> float:
    """Return the CPU seconds, user and system, of a process that runs `code` in the starter's folder."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY_STARTER, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
