"""The groups of settings that Ondol knows. `AUTH__ISSUER=…` sets `settings.auth.issuer`."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from ondol import guard
from ondol.auth.passwords import ARGON2_ITERATIONS, ARGON2_MEMORY_KIB, BCRYPT_ROUNDS, DEFAULT_QUEUE
from ondol.networks import checked
from ondol.server.state import ServerOptions


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
    """The cache in Valkey. The time-out is short: a slow cache is worse than none. It is longer than a busy process
    lets an answer lie, or a healthy Valkey would pass for a dead one."""

    prefix: str = Field("ondol", description="First part of every key, so that services can share a server.")
    timeout_seconds: float = Field(0.5, gt=0, description="For connecting and for each command.")
    retry_seconds: float = Field(0.25, gt=0, description="Between attempts to reach a server that is down.")


class AuthSettings(Group):
    """Tokens and passwords."""

    secret_key: SecretStr = Field(
        SecretStr(guard.DEVELOPMENT_SECRET), description="Signs access tokens and cursors; 32 characters or more."
    )
    next_secret_key: SecretStr | None = Field(
        None, description="Accepted too: the secret that will sign next. See `ondol secret rotate`."
    )
    previous_secret_key: SecretStr | None = Field(None, description="Accepted too: the secret that signed before.")
    issuer: str = "ondol"
    audience: str = "ondol"
    access_token_seconds: int = Field(600, ge=1, le=86_400)
    session_seconds: int = Field(30 * 86_400, ge=60, description="A session ends this long after its login.")
    session_idle_seconds: int = Field(
        14 * 86_400, ge=60, description="A session that was not refreshed for this long has ended."
    )
    refresh_retry_seconds: int = Field(
        10, ge=0, le=60, description="A refresh sent again this soon gets the same answer. 0: strict, no second chance."
    )
    cookies: bool = Field(
        False, description="Browser mode: tokens in HttpOnly cookies, never in a body; requests need X-CSRF-Protection."
    )
    password_hash: Literal["argon2", "bcrypt"] = "argon2"  # noqa: S105
    argon2_memory_kib: int = Field(ARGON2_MEMORY_KIB, ge=7_168, description="`ondol secret tune` measures.")
    argon2_iterations: int = Field(ARGON2_ITERATIONS, ge=1)
    bcrypt_rounds: int = Field(BCRYPT_ROUNDS, ge=10, le=20)
    hashing_threads: int = Field(2, ge=1, description="Passwords hashed at the same time, off the event loop.")
    hashing_queue: int = Field(DEFAULT_QUEUE, ge=0, description="Logins that may wait for them; then 503.")

    @model_validator(mode="after")
    def _idle_outlives_access(self) -> Self:
        if self.session_idle_seconds <= self.access_token_seconds:
            raise ValueError("SESSION_IDLE_SECONDS must exceed ACCESS_TOKEN_SECONDS: a session is refreshed that often")
        return self

    def faults(self, *, strict: bool) -> Iterator[str]:
        """Why these secrets must not sign anything, and in production (`strict`) not even be accepted."""
        for name in ("secret_key", "next_secret_key", "previous_secret_key"):
            secret: SecretStr | None = getattr(self, name)
            if secret is not None:
                yield from guard.weaknesses_of_secret(f"AUTH__{name.upper()}", secret.get_secret_value(), strict=strict)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The one that signs, then the others that are accepted."""
        given = (self.secret_key, self.next_secret_key, self.previous_secret_key)
        return tuple(secret.get_secret_value() for secret in given if secret)


class HttpSettings(Group):
    """What is let in, and for how long."""

    trusted_proxies: Annotated[list[str], AfterValidator(checked)] = Field(
        [],
        description="Networks of the proxies in front, such as 10.0.0.0/8, or unix: their X-Forwarded-For is believed.",
    )
    allowed_hosts: list[str] = Field(["*"], description="Host headers that are answered.")
    cors_origins: list[str] = Field([], description="Origins whose pages may call the API; none by default.")
    cors_allow_headers: list[str] = Field(
        ["traceparent", "tracestate"],
        description="Request headers that those pages may send besides those the API itself uses.",
    )
    cors_expose_headers: list[str] = Field([], description="Response headers they may read besides the API's own.")
    max_body_bytes: int = Field(1_000_000, ge=1)
    max_head_bytes: int = Field(
        ServerOptions.max_head_bytes, ge=1_024, description="Headers and trailers of a request together; then 431."
    )
    max_url_bytes: int = Field(ServerOptions.max_url_bytes, ge=256, description="Path and query together; then 414.")
    receive_seconds: float = Field(
        ServerOptions.receive_seconds, gt=0, description="A request that has not arrived by then is cut."
    )
    timeout_seconds: float = Field(30.0, gt=0, description="A request that takes longer is answered with 503.")
    drain_seconds: float | None = Field(
        None, ge=0, description="On SIGTERM, how long to answer on while not ready; by default 2 in production, else 0."
    )
    grace_seconds: int = Field(
        7, ge=1, description="How long requests may then still take. Cloud Run kills 10 s after SIGTERM."
    )
    gzip_minimum_bytes: int = Field(1_000, ge=0)
    docs: bool | None = Field(None, description="/docs and /openapi.json; by default not in production.")


class MailSettings(Group):
    """SMTP. Without a host, mail is kept (and shown at /dev/mailbox in development), not sent."""

    host: str | None = None
    port: int = Field(587, ge=1, le=65_535)
    username: str | None = None
    password: SecretStr | None = None
    start_tls: bool = True
    folder: Path = Field(Path(".ondol/mailbox"), description="Where mail is kept; relative to the project's folder.")
    sender: str = "Ondol <no-reply@example.com>"
    links: str = Field(
        "http://localhost:8000", description="Where your pages are that links in mail lead to; https in production."
    )


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
