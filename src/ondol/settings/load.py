"""Typed settings in groups, from the environment, a `.env` file and a folder of secrets.

`AUTH__SECRET_KEY=…` sets `settings.auth.secret_key`; the plain names `DATABASE_URL`, `REDIS_URL` and `PORT` are those
that platforms set. A name that a group does not have is refused, so a typo is found at startup.
"""

import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from ondol.auth.options import AuthSettings
from ondol.db.options import DatabaseSettings
from ondol.jobs.options import JobsSettings
from ondol.mail.options import MailSettings
from ondol.observability.options import LoggingSettings, MetricsSettings
from ondol.options import Environment, Group
from ondol.server.options import HttpSettings
from ondol.settings import guard
from ondol.valkey.options import ValkeySettings

# With this exit code a supervisor (uvicorn --workers) does not restart the process.
STARTUP_FAILURE = 3
NOT_UTF8 = "The file .env, or one in the secrets folder, is not UTF-8: save it as UTF-8."
DRAIN_SECONDS = 2.0  # enough for a load balancer that checks every second


S = TypeVar("S", bound="Settings")


def _postgres_url(value: SecretStr | None) -> SecretStr | None:
    if value and not value.get_secret_value().startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
        raise ValueError("must begin with postgresql://")
    if value and guard.connection_parts(value.get_secret_value()) is None:
        raise ValueError("is not a valid URL: special characters in user and password must be percent-encoded")
    return value


def _redis_url(value: SecretStr | None) -> SecretStr | None:
    if value and not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must begin with redis:// or rediss://")
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError("must be a time zone that this system knows, such as Asia/Seoul") from error
    return value


class Settings(BaseSettings):
    """The settings of the runtime. A service subclasses this and adds its own groups."""

    model_config = SettingsConfigDict(
        env_nested_delimiter="__",
        env_file=".env",  # the variable ENV_FILE names another one
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )
    secrets_folder: ClassVar[str] = "/run/secrets"
    """A folder of files named like the variables (`AUTH__SECRET_KEY`). SECRETS_DIR names another folder."""

    environment: Environment = Field(
        Environment.DEVELOPMENT,
        description="production refuses unsafe settings; development starts servers and shows pages.",
    )
    database_url: Annotated[SecretStr | None, AfterValidator(_postgres_url)] = Field(
        None, description="URL of PostgreSQL; without one, development starts its own."
    )
    redis_url: Annotated[SecretStr | None, AfterValidator(_redis_url)] = Field(
        None, description="URL of Valkey or Redis; without one, development starts its own."
    )
    database_direct_url: Annotated[SecretStr | None, AfterValidator(_postgres_url)] = Field(
        None,
        description="PostgreSQL itself, if DATABASE_URL is PgBouncer: for LISTEN, jobs and migrations.",
    )
    port: int = Field(8000, ge=1, le=65_535, description="Port of the web server.")
    web_concurrency: int = Field(2, ge=1, description="Web processes of one replica; uvicorn and gunicorn read it too.")
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        "UTC", description="Time zone of the jobs' schedules, such as Asia/Seoul."
    )
    debug: bool = Field(False, description="Log SQL statements; refused in production.")
    project_folder: Path = Field(default_factory=Path.cwd, description="Folder of migrations/ and .ondol/.")

    database: DatabaseSettings = DatabaseSettings()
    valkey: ValkeySettings = ValkeySettings()
    auth: AuthSettings = AuthSettings()
    http: HttpSettings = HttpSettings()
    mail: MailSettings = MailSettings()
    jobs: JobsSettings = JobsSettings()
    logging: LoggingSettings = LoggingSettings()
    metrics: MetricsSettings = MetricsSettings()

    @property
    def drain_seconds(self) -> float:
        """The time between SIGTERM and the shutdown of the server."""
        given = self.http.drain_seconds
        return given if given is not None else DRAIN_SECONDS if self.environment is Environment.PRODUCTION else 0.0

    @model_validator(mode="after")
    def _refuse_what_is_unsafe(self) -> Self:
        """Raise ValueError with all faults at once, so that one start reports all of them."""
        if faults := list(self._faults()):
            raise ValueError("\n".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        url = _plain(self.database_url)
        is_production = self.environment is Environment.PRODUCTION
        # A remote database counts as production, in case ENVIRONMENT=production was forgotten.
        yield from guard.weaknesses_of_secrets(self.auth, strict=is_production or guard.leads_elsewhere(url))
        if not is_production:
            return
        http = self.http
        yield from guard.weaknesses_of_http(
            hosts=http.allowed_hosts, origins=http.cors_origins, proxies=http.trusted_proxies, debug=self.debug
        )
        yield from guard.missing([("DATABASE_URL", self.database_url), ("REDIS_URL", self.redis_url)])
        for name, value in (("DATABASE_URL", url), ("DATABASE_DIRECT_URL", _plain(self.database_direct_url))):
            yield from guard.weaknesses_of_database(name, value)
        if not self.mail.links.startswith("https://"):
            yield "MAIL__LINKS must be the https URL of your pages: links in mail contain tokens."
        if self.mail.host is None:
            yield "MAIL__HOST must be set: without it mail is stored in a folder and never sent."
        if self.metrics.enabled and len(_plain(self.metrics.token)) < guard.MIN_TOKEN_LENGTH:
            yield f"METRICS__TOKEN needs at least {guard.MIN_TOKEN_LENGTH} characters if METRICS__ENABLED is set."

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
        dotenv = DotEnvSettingsSource(
            settings_cls, env_file=os.environ.get("ENV_FILE", cls.model_config.get("env_file"))
        )
        for source in (env_settings, dotenv, secrets):
            _forget_bare_groups(source)
        cls.sources = {"environment": env_settings, ".env": dotenv, "secrets folder": secrets}
        return init_settings, env_settings, dotenv, secrets

    sources: ClassVar[dict[str, PydanticBaseSettingsSource]] = {}
    """The sources by name, the strongest first. `ondol.settings.report` finds the source of a value in them."""


def _forget_bare_groups(source: PydanticBaseSettingsSource) -> None:
    """Ignore variables named like a group, which are read as JSON: login shells export MAIL."""
    if isinstance(source, EnvSettingsSource):
        fields = source.settings_cls.model_fields.items()
        groups = {
            name for name, field in fields if isinstance(field.annotation, type) and issubclass(field.annotation, Group)
        }
        source.env_vars = {name: value for name, value in source.env_vars.items() if name.lower() not in groups}


def load_settings(kind: type[S]) -> S:
    """Return the settings of this process. If they are invalid, write a sentence for each fault and exit.

    The exit code is 1; in a process that a supervisor started it is the code that also stops the supervisor.
    """
    try:
        return kind()
    except ValidationError as error:
        faults = list(sentences(error))
    except SettingsError as error:  # it names the group and the source, not the value
        faults = [f'{error}: lists are written as JSON, such as ["shop.example.com"].']
    except UnicodeDecodeError:
        faults = [NOT_UTF8]
    raise refusal(faults)


def refusal(faults: Sequence[str]) -> SystemExit:
    """Write a sentence for each fault of the settings, and return the exit to raise."""
    for fault in faults:
        sys.stderr.write(f"ondol: {fault}\n")
    sys.stderr.flush()
    return SystemExit(STARTUP_FAILURE if multiprocessing.parent_process() else 1)


def sentences(error: ValidationError) -> Iterator[str]:
    """Yield a sentence for each fault in the settings, without values."""
    for fault in error.errors(include_input=False, include_url=False):
        name = "__".join(str(part) for part in fault["loc"]).upper()
        for sentence in fault["msg"].removeprefix("Value error, ").splitlines():
            yield f"{name}: {sentence}" if name else sentence


def _plain(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""
