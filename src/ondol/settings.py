"""Typed settings in groups, from the environment, a `.env` file and a folder of secrets.

`AUTH__SECRET_KEY=…` sets `settings.auth.secret_key`; the plain names `DATABASE_URL`, `REDIS_URL` and `PORT` are what
every platform sets. A name that a group does not know is refused, so a typing error is found at the start.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

DEVELOPMENT_SECRET = "development-only-never-in-production"  # noqa: S105  (refused in production)
MIN_SECRET_LENGTH = 32
LOOPBACK = {None, "localhost", "127.0.0.1", "::1"}


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
        SecretStr(DEVELOPMENT_SECRET), description="Signs access tokens and cursors; 32 characters or more."
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
    timeout_seconds: float = Field(30.0, gt=0, description="A request that takes longer is answered with 503.")
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
    heartbeat_seconds: float = Field(2.0, gt=0)
    stalled_after_seconds: float = Field(
        8.0, gt=0, description="A worker silent this long is dead; its jobs run again."
    )


class LoggingSettings(Group):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["json", "console"] = "json"


def _postgres_url(value: SecretStr | None) -> SecretStr | None:
    if value and not value.get_secret_value().startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
        raise ValueError("must begin with postgresql://")
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
    port: int = Field(8000, ge=1, le=65_535)
    project_folder: Path = Field(default_factory=Path.cwd, description="Where migrations and .ondol/ lie.")

    database: DatabaseSettings = DatabaseSettings()
    cache: CacheSettings = CacheSettings()
    auth: AuthSettings = AuthSettings()
    http: HttpSettings = HttpSettings()
    mail: MailSettings = MailSettings()
    jobs: JobsSettings = JobsSettings()
    logging: LoggingSettings = LoggingSettings()

    @field_validator("auth", mode="after")
    @classmethod
    def _secret_is_long(cls, value: AuthSettings, info: ValidationInfo) -> AuthSettings:
        if len(value.secret_key.get_secret_value()) < MIN_SECRET_LENGTH:
            raise ValueError(f"AUTH__SECRET_KEY needs {MIN_SECRET_LENGTH} characters or more")
        is_production = info.data.get("environment") is Environment.PRODUCTION
        if is_production and value.secret_key.get_secret_value() == DEVELOPMENT_SECRET:
            raise ValueError("AUTH__SECRET_KEY must be set in production")
        return value

    @field_validator("database_url", "redis_url", mode="after")
    @classmethod
    def _servers_are_named(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and info.data.get("environment") is Environment.PRODUCTION:
            raise ValueError(f"{str(info.field_name).upper()} must be set in production")
        return value

    @model_validator(mode="after")
    def _known_secrets_stay_at_home(self) -> Self:
        """Whoever forgets ENVIRONMENT=production must not sign tokens with a key that everybody knows."""
        url = self.database_url.get_secret_value() if self.database_url else ""
        is_elsewhere = bool(url) and urlsplit(url).hostname not in LOOPBACK
        if is_elsewhere and self.auth.secret_key.get_secret_value() == DEVELOPMENT_SECRET:
            raise ValueError("AUTH__SECRET_KEY must be set when DATABASE_URL leads to another machine")
        return self

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
        cls._sources = {"environment": env_settings, ".env": dotenv_settings, "secrets folder": secrets}
        return init_settings, env_settings, dotenv_settings, secrets

    _sources: ClassVar[dict[str, PydanticBaseSettingsSource]] = {}

    def effective(self) -> list["EffectiveSetting"]:
        """Every setting with its value (secrets masked) and where it came from."""
        given = [(name, source()) for name, source in type(self)._sources.items()]
        return [
            EffectiveSetting("__".join(path).upper(), _shown(value), _origin(path, given))
            for path, value in _leaves(self)
        ]


@dataclass(frozen=True)
class EffectiveSetting:
    name: str
    value: str
    origin: str


def _leaves(model: BaseModel, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _shown(value: Any) -> str:
    return "********" if isinstance(value, SecretStr) else str(value)


def _origin(path: tuple[str, ...], given: list[tuple[str, dict[str, Any]]]) -> str:
    for name, values in given:
        found: Any = values
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        if found is not None:
            return name
    return "default"
