"""Typed settings in groups, from the environment, a `.env` file and a folder of secrets.

`AUTH__SECRET_KEY=…` sets `settings.auth.secret_key`; the plain names `DATABASE_URL`, `REDIS_URL` and `PORT` are what
every platform sets. A name that a group does not know is refused, so a typing error is found at the start.
"""

import multiprocessing
import os
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from ondol import guard
from ondol.server.state import DEFAULT_RECEIVE_SECONDS

# What a supervisor (uvicorn --workers) takes as "do not start me again".
STARTUP_FAILURE = 3
DRAIN_SECONDS = 2.0  # a load balancer that asks every second learns it in time


S = TypeVar("S", bound="Settings")


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class Group(BaseModel):
    """A group of settings. Unknown names are errors; values never change after the start."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class DatabaseSettings(Group):
    """PostgreSQL connections, for each process."""

    pool_size: int = Field(10, ge=1, description="Connections kept open.")
    max_overflow: int = Field(5, ge=0, description="Connections opened beyond pool_size when all are busy.")
    pool_timeout_seconds: float = Field(0.8, gt=0, description="Wait for a free connection; then 503.")
    connect_timeout_seconds: int = Field(5, ge=1)
    statement_timeout_seconds: float = Field(15.0, ge=0, description="PostgreSQL cuts longer statements. 0: never.")


class CacheSettings(Group):
    """The cache in Valkey. Time-outs are short on purpose: a slow cache is worse than none."""

    prefix: str = Field("ondol", description="First part of every key, so that services can share a server.")
    timeout_seconds: float = Field(0.1, gt=0, description="For connecting and for each command.")
    retry_seconds: float = Field(0.25, gt=0, description="Between attempts to reach a server that is down.")


class AuthSettings(Group):
    """Tokens and passwords."""

    secret_key: SecretStr = Field(
        SecretStr(guard.DEVELOPMENT_SECRET), description="Signs access tokens and cursors; 32 characters or more."
    )
    issuer: str = "ondol"
    audience: str = "ondol"
    access_token_seconds: int = Field(600, ge=1, le=86_400)
    refresh_token_seconds: int = Field(30 * 86_400, ge=60)
    refresh_retry_seconds: int = Field(10, ge=0, description="A refresh sent again this soon gets the same answer.")
    password_hash: Literal["argon2", "bcrypt"] = "argon2"  # noqa: S105
    hashing_threads: int = Field(2, ge=1, description="Passwords hashed at the same time, off the event loop.")


class HttpSettings(Group):
    """What is let in, and for how long."""

    allowed_hosts: list[str] = Field(["*"], description="Host headers that are answered.")
    cors_origins: list[str] = Field([], description="Origins whose pages may call the API; none by default.")
    max_body_bytes: int = Field(1_000_000, ge=1)
    receive_seconds: float = Field(
        DEFAULT_RECEIVE_SECONDS, gt=0, description="A request that has not arrived by then is cut."
    )
    timeout_seconds: float = Field(30.0, gt=0, description="A request that takes longer is answered with 503.")
    drain_seconds: float | None = Field(
        None, ge=0, description="On SIGTERM, how long to answer on while not ready; by default 2 in production, else 0."
    )
    grace_seconds: int = Field(
        7, ge=1, description="How long requests may then still take. Cloud Run kills 10 s after SIGTERM."
    )
    gzip_minimum_bytes: int = Field(1_000, ge=0)
    docs: bool | None = Field(None, description="/docs, /redoc and /openapi.json; by default not in production.")


class MailSettings(Group):
    """SMTP. Without a host, mail is kept (and shown at /dev/mailbox in development), not sent."""

    host: str | None = None
    port: int = Field(587, ge=1, le=65_535)
    username: str | None = None
    password: SecretStr | None = None
    start_tls: bool = True
    folder: Path = Field(Path(".ondol/mailbox"), description="Where mail is kept; relative to the project's folder.")
    sender: str = "Ondol <no-reply@example.com>"


class JobsSettings(Group):
    """The job worker."""

    concurrency: int = Field(4, ge=1, description="Jobs one worker runs at the same time.")
    grace_seconds: float = Field(20.0, gt=0, description="On SIGTERM, how long jobs under way may still take.")
    heartbeat_seconds: float = Field(2.0, gt=0)
    stalled_after_seconds: float = Field(
        7.0, gt=0, description="A worker silent this long is dead; its jobs run again."
    )


class LoggingSettings(Group):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["json", "console"] = "json"


class MetricsSettings(Group):
    """Prometheus metrics at /metrics."""

    enabled: bool = False
    token: SecretStr | None = Field(None, description="What Prometheus sends as its bearer token.")


class ScaleSettings(Group):
    """How many of us there are: what the connections to PostgreSQL are counted with."""

    web_replicas: int = Field(1, ge=1, description="Containers or machines with web processes, at most.")
    worker_replicas: int = Field(1, ge=0, description="Job workers, at most.")


def _postgres_url(value: SecretStr | None) -> SecretStr | None:
    if value and not value.get_secret_value().startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
        raise ValueError("must begin with postgresql://")
    if value and guard.connection_parts(value.get_secret_value()) is None:
        raise ValueError("is no valid URL: special characters in user and password must be percent-encoded")
    return value


def _redis_url(value: SecretStr | None) -> SecretStr | None:
    if value and not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must begin with redis:// or rediss://")
    return value


class Settings(BaseSettings):
    """The groups the runtime knows. A service subclasses this and adds its own."""

    model_config = SettingsConfigDict(
        env_nested_delimiter="__",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )
    secrets_folder: ClassVar[str] = "/run/secrets"
    """Files named like the variables (`AUTH__SECRET_KEY`). The variable SECRETS_DIR names another folder."""

    environment: Environment = Environment.DEVELOPMENT
    database_url: Annotated[SecretStr | None, AfterValidator(_postgres_url)] = None
    redis_url: Annotated[SecretStr | None, AfterValidator(_redis_url)] = None
    database_direct_url: Annotated[SecretStr | None, AfterValidator(_postgres_url)] = Field(
        None,
        description="PostgreSQL itself, where DATABASE_URL is PgBouncer: for LISTEN, jobs, migrations.",
    )
    port: int = Field(8000, ge=1, le=65_535)
    web_concurrency: int = Field(2, ge=1, description="Web processes of one replica; uvicorn and gunicorn read it too.")
    debug: bool = Field(False, description="SQL statements in the log; refused in production.")
    project_folder: Path = Field(default_factory=Path.cwd, description="Where migrations and .ondol/ lie.")

    database: DatabaseSettings = DatabaseSettings()
    cache: CacheSettings = CacheSettings()
    auth: AuthSettings = AuthSettings()
    http: HttpSettings = HttpSettings()
    mail: MailSettings = MailSettings()
    jobs: JobsSettings = JobsSettings()
    logging: LoggingSettings = LoggingSettings()
    metrics: MetricsSettings = MetricsSettings()
    scale: ScaleSettings = ScaleSettings()

    @property
    def drain_seconds(self) -> float:
        """How long SIGTERM is held back."""
        given = self.http.drain_seconds
        return given if given is not None else DRAIN_SECONDS if self.environment is Environment.PRODUCTION else 0.0

    @model_validator(mode="after")
    def _refuse_what_is_unsafe(self) -> Self:
        """All faults at once: nobody should have to start a service five times to learn of five."""
        if faults := list(self._faults()):
            raise ValueError("\n".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        secret, url = self.auth.secret_key.get_secret_value(), _plain(self.database_url)
        is_production = self.environment is Environment.PRODUCTION
        # Whoever forgets ENVIRONMENT=production must not sign tokens with a key that everybody knows.
        if is_production or guard.leads_elsewhere(url):
            yield from guard.weaknesses_of_secret(secret)
        elif len(secret) < guard.MIN_SECRET_LENGTH:
            yield f"AUTH__SECRET_KEY needs {guard.MIN_SECRET_LENGTH} characters or more."
        if not is_production:
            return
        http = self.http
        yield from guard.weaknesses_of_http(hosts=http.allowed_hosts, origins=http.cors_origins, debug=self.debug)
        yield from guard.missing([("DATABASE_URL", self.database_url), ("REDIS_URL", self.redis_url)])
        for name, value in (("DATABASE_URL", url), ("DATABASE_DIRECT_URL", _plain(self.database_direct_url))):
            yield from guard.weaknesses_of_database(name, value)
        if self.mail.host is None:
            yield "MAIL__HOST must be set: without it mail is kept on this disk and never sent."
        if self.metrics.enabled and len(_plain(self.metrics.token)) < guard.MIN_TOKEN_LENGTH:
            yield f"METRICS__TOKEN needs {guard.MIN_TOKEN_LENGTH} characters or more where METRICS__ENABLED is set."

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        secrets = NestedSecretsSettingsSource(
            file_secret_settings,
            secrets_dir=os.environ.get("SECRETS_DIR", cls.secrets_folder),
            secrets_dir_missing="ok",
            secrets_nested_delimiter="__",
        )
        cls.sources = {"environment": env_settings, ".env": dotenv_settings, "secrets folder": secrets}
        return init_settings, env_settings, dotenv_settings, secrets

    sources: ClassVar[dict[str, PydanticBaseSettingsSource]] = {}
    """By name, the strongest first; `ondol.effective` tells from them where a value came from."""


def load_settings(kind: type[S]) -> S:
    """The settings of this process; exits with one sentence for each fault, not with a trace.

    The exit code is 1, and in a process that a supervisor started the code that has the supervisor stop as well.
    """
    try:
        return kind()
    except ValidationError as error:
        faults = list(sentences(error))
    except SettingsError as error:  # it names the group and the source, not the value
        faults = [f'{error}: lists are written as JSON, such as ["shop.example.com"].']
    for fault in faults:
        sys.stderr.write(f"ondol: {fault}\n")
    sys.stderr.flush()
    sys.exit(STARTUP_FAILURE if multiprocessing.parent_process() else 1)


def sentences(error: ValidationError) -> Iterator[str]:
    """What is wrong with the settings, setting by setting; never a value."""
    for fault in error.errors(include_input=False, include_url=False):
        name = "__".join(str(part) for part in fault["loc"]).upper()
        for sentence in fault["msg"].removeprefix("Value error, ").splitlines():
            yield f"{name}: {sentence}" if name else sentence


def _plain(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""
