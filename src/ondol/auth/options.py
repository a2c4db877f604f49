"""The settings AUTH__…."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from ondol.options import Group

# OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane; bcrypt with a work factor of 10 or more.
ARGON2_MEMORY_KIB, ARGON2_ITERATIONS, BCRYPT_ROUNDS = 19_456, 2, 12
DEFAULT_QUEUE = 200
DEVELOPMENT_SECRET = "development-only-never-in-production"  # noqa: S105  (refused in production)


class AuthSettings(Group):
    """Tokens and passwords."""

    secret_key: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET), description="Signs access tokens and cursors; at least 32 characters."
    )
    next_secret_key: SecretStr | None = Field(
        None, description="The next secret key, accepted already. See `ondol secret rotate`."
    )
    previous_secret_key: SecretStr | None = Field(None, description="The previous secret key, still accepted.")
    issuer: str = Field("ondol", description="Issuer (iss) of access tokens.")
    audience: str = Field("ondol", description="Audience (aud) of access tokens.")
    access_token_seconds: int = Field(600, ge=1, le=86_400, description="Lifetime of an access token.")
    session_seconds: int = Field(30 * 86_400, ge=60, description="A login session ends this long after its login.")
    session_idle_seconds: int = Field(
        14 * 86_400, ge=60, description="A login session ends if it is not refreshed for this long."
    )
    refresh_retry_seconds: int = Field(
        10, ge=0, le=60, description="A refresh repeated within this time gets the same response. 0: retries disabled."
    )
    cookies: bool = Field(
        False, description="Browser mode: tokens in HttpOnly cookies, never in a body; requests need X-CSRF-Protection."
    )
    password_hash: Literal["argon2", "bcrypt"] = Field(
        "argon2", description="Hash of new passwords; hashes of the other kind are replaced at the next login."
    )
    argon2_memory_kib: int = Field(ARGON2_MEMORY_KIB, ge=7_168, description="Memory of an Argon2id hash.")
    argon2_iterations: int = Field(ARGON2_ITERATIONS, ge=1, description="Passes of an Argon2id hash.")
    bcrypt_rounds: int = Field(BCRYPT_ROUNDS, ge=10, le=20, description="Work factor of bcrypt.")
    hashing_threads: int = Field(2, ge=1, description="Passwords hashed at the same time, outside the event loop.")
    hashing_queue: int = Field(DEFAULT_QUEUE, ge=0, description="Logins that may wait for a thread; then 503.")

    @model_validator(mode="after")
    def _idle_outlives_access(self) -> Self:
        if self.session_idle_seconds <= self.access_token_seconds:
            raise ValueError("SESSION_IDLE_SECONDS must exceed ACCESS_TOKEN_SECONDS, or sessions end between refreshes")
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret key that signs, then the others that are accepted."""
        given = (self.secret_key, self.next_secret_key, self.previous_secret_key)
        return tuple(secret.get_secret_value() for secret in given if secret)
