"""Unsafe settings that production refuses, with one sentence for each fault.

An attacker who guesses a secret can sign tokens (OWASP ASVS 5.0, 11.2.3), so these are errors, not warnings.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr
from zxcvbn import zxcvbn

from ondol import networks
from ondol.auth.options import DEVELOPMENT_SECRET, AuthSettings
from ondol.db.urls import libpq_url

MIN_SECRET_LENGTH = 32
# A thousand samples of token_urlsafe(32) all had at least 40; phrases of six words have 25 to 35.
MIN_GUESSES_LOG10 = 35
_ZXCVBN_LENGTH = 72  # its limit
HOW_TO_MAKE_ONE = 'make one with: python -c "import secrets; print(secrets.token_urlsafe(48))"'
MIN_TOKEN_LENGTH = 16
LOOPBACK = {"localhost", "127.0.0.1", "::1"}

_PLACEHOLDERS = re.compile(
    r"change.?(me|this|it)|secret|password|example|default|placeholder|insecure|your.?key|replace|development|qwerty|dummy",
    re.IGNORECASE,
)
_KNOWN_PASSWORDS = {"postgres", "postgresql", "password", "secret", "changeme", "changethis", "ondol", "admin", "test"}
_DEVELOPMENT_NAME = re.compile(r"(^|[_-])(dev|development|test|testing|local)([_-]|$)", re.IGNORECASE)
_EMBEDDED = "ondol"


def weaknesses_of_secrets(auth: AuthSettings, *, strict: bool) -> Iterator[str]:
    """Yield the reasons to refuse these secrets. `strict`, as in production, also refuses guessable ones."""
    for name in ("secret_key", "next_secret_key", "previous_secret_key"):
        secret: SecretStr | None = getattr(auth, name)
        if secret is not None:
            yield from weaknesses_of_secret(f"AUTH__{name.upper()}", secret.get_secret_value(), strict=strict)


def weaknesses_of_secret(name: str, secret: str, *, strict: bool) -> Iterator[str]:
    """Yield the reason to refuse the secret in the setting `name`; nothing for a good one. Unless `strict`, it only has
    to be long enough."""
    if len(secret) < MIN_SECRET_LENGTH:
        yield f"{name} needs at least {MIN_SECRET_LENGTH} characters: {HOW_TO_MAKE_ONE}"
    elif not strict:
        return
    elif secret == DEVELOPMENT_SECRET:
        yield f"{name} must be set: {HOW_TO_MAKE_ONE}"
    elif is_guessable(secret):
        yield f"{name} can be guessed: {HOW_TO_MAKE_ONE}"


def is_guessable(secret: str) -> bool:
    """Return whether a secret can be guessed: it contains a placeholder, or zxcvbn needs too few guesses."""
    if _PLACEHOLDERS.search(secret):
        return True
    return float(zxcvbn(secret[:_ZXCVBN_LENGTH])["guesses_log10"]) < MIN_GUESSES_LOG10


def connection_parts(url: str) -> dict[str, str] | None:
    """Return the parts that libpq reads from a URL: host, user, password, dbname, …; None if it is invalid."""
    try:
        parts = conninfo_to_dict(libpq_url(url))
    except psycopg.Error:
        return None
    return {name: str(value) for name, value in parts.items() if value is not None}


def leads_elsewhere(url: str) -> bool:
    """Return whether the database at `url` is on another machine."""
    parts = (connection_parts(url) or {}) if url else {}
    # libpq prefers hostaddr to host, and a service file may name any host.
    hosts = (parts.get("hostaddr") or parts.get("host", "")).split(",")
    return "service" in parts or any(_is_elsewhere(host) for host in hosts)


def _is_elsewhere(host: str) -> bool:
    return host.startswith("/cloudsql/") or (bool(host) and not host.startswith("/") and host not in LOOPBACK)


def weaknesses_of_database(name: str, url: str) -> Iterator[str]:
    """Yield the reasons to refuse the database in the setting `name` in production."""
    parts = connection_parts(url) if url else None
    if parts is None:
        return
    database, user, password = parts.get("dbname", ""), parts.get("user", ""), parts.get("password", "")
    embedded = not leads_elsewhere(url) and user == database == _EMBEDDED
    if embedded or _DEVELOPMENT_NAME.search(database) or _DEVELOPMENT_NAME.search(user):
        yield f"{name} points to a development database. Use another one."
    if password and (password.lower() in _KNOWN_PASSWORDS or password == user):
        yield f"{name} contains a well-known password. Use another one."


def weaknesses_of_http(
    *, hosts: Sequence[str], origins: Sequence[str], proxies: Sequence[str] = (), debug: bool
) -> Iterator[str]:
    if debug:
        yield "DEBUG must be off: it writes SQL statements to the log."
    if not hosts or any(_is_anybodys(host) for host in hosts):
        yield 'HTTP__ALLOWED_HOSTS must name the hosts, such as ["shop.example.com"]: "*" accepts any Host header.'
    if any("*" in origin or not origin.startswith("https://") for origin in origins):
        yield 'HTTP__CORS_ORIGINS must name the origins, such as ["https://shop.example.com"]: with https, without "*".'
    if networks.ANYBODY in proxies or networks.are_too_wide(proxies):
        yield "HTTP__TRUSTED_PROXIES must name only the networks of your proxies, or clients can forge their address."


def _is_anybodys(host: str) -> bool:
    """Return whether a pattern allows hosts of many owners: "*" and "*.com", but not "*.example.com"."""
    return "*" in host.removeprefix("*.") or (host.startswith("*.") and host.count(".") < 2)


def missing(names: Iterable[tuple[str, object]]) -> Iterator[str]:
    """Yield a sentence for each setting without a value."""
    for name, value in names:
        if value is None:
            yield f"{name} must be set."
