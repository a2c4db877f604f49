"""PostgreSQL URLs for SQLAlchemy and libpq, with timeouts, keepalives and UTC.

Parameters in the URL take precedence: `?options=-c%20search_path%3Dtenant`, `connect_timeout`, keepalives.
"""

from collections.abc import Mapping
from urllib.parse import quote, unquote

CONNECT_TIMEOUT_SECONDS = 5
# They detect after 45 s that the other end of a connection has vanished.
_KEEPALIVES = {"keepalives_idle": "30", "keepalives_interval": "5", "keepalives_count": "3"}


def sqlalchemy_url(
    url: str,
    *,
    connect_timeout_seconds: int = CONNECT_TIMEOUT_SECONDS,
    timeouts: Mapping[str, float] | None = None,
    pooled: bool = False,
) -> str:
    """Return the URL with the driver psycopg 3, timeouts, keepalives and UTC, unless it says otherwise.

    `timeouts`: PostgreSQL's settings, in seconds; 0 sets none. `pooled`: the URL points to PgBouncer, which refuses
    `options`, so neither the time zone nor timeouts are added.
    """
    address, given = _parted(url)
    scheme, separator, rest = address.partition("://")
    wanted = {"connect_timeout": str(connect_timeout_seconds), **_KEEPALIVES}
    if not pooled:
        settings = {"timezone": "UTC"}
        settings |= {name: str(int(seconds * 1000)) for name, seconds in (timeouts or {}).items() if seconds}
        wanted["options"] = _with_settings(_options(given), settings)
        given = [(name, value) for name, value in given if name != "options"]
    names = {name for name, _ in given}
    added = [(name, quote(value, safe="")) for name, value in wanted.items() if name not in names]
    scheme = "postgresql+psycopg" if scheme in ("postgres", "postgresql") else scheme
    return _joined(f"{scheme}{separator}{rest}", [*given, *added])


def libpq_url(url: str) -> str:
    """Return the URL with the same parameters, for libpq and psycopg."""
    return sqlalchemy_url(url).replace("postgresql+psycopg://", "postgresql://", 1)


def without_options(url: str) -> str:
    """Return the URL without `options`, for a database without the schema or settings that they name."""
    address, given = _parted(url)
    return _joined(address, [(name, value) for name, value in given if name != "options"])


def names_time_zone(url: str) -> bool:
    return "timezone=" in _options(_parted(url)[1]).lower()


def _parted(url: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the part before "?", and the parameters after it, still quoted."""
    address, _, query = url.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    return address, [(name, value) for name, _, value in pairs]


def _joined(address: str, parameters: list[tuple[str, str]]) -> str:
    return "?".join(filter(None, [address, "&".join(f"{name}={value}" for name, value in parameters)]))


def _options(given: list[tuple[str, str]]) -> str:
    return unquote(next((value for name, value in given if name == "options"), ""))


def _with_settings(options: str, wanted: dict[str, str]) -> str:
    missing = [f"-c {name}={value}" for name, value in wanted.items() if f"{name}=" not in options.lower()]
    return " ".join([*missing, *filter(None, [options])])
