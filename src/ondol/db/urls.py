"""PostgreSQL's URL as SQLAlchemy and as libpq read it, with what every connection of ours needs.

What a URL says itself is kept: `?options=-c%20search_path%3Dtenant`, `connect_timeout`, keepalives.
"""

from urllib.parse import parse_qsl, quote, urlencode

CONNECT_TIMEOUT_SECONDS = 5
# A connection whose other end vanished is found out after 45 s.
_KEEPALIVES = {"keepalives_idle": "30", "keepalives_interval": "5", "keepalives_count": "3"}


def sqlalchemy_url(
    url: str,
    *,
    connect_timeout_seconds: int = CONNECT_TIMEOUT_SECONDS,
    statement_timeout_seconds: float = 0,
    pooled: bool = False,
) -> str:
    """Return the URL with the driver psycopg 3, time-outs, keepalives and UTC, unless it says otherwise.

    `pooled`: it leads to PgBouncer, which refuses `options`; so no time zone and no statement time-out are added.
    """
    address, _, query = url.partition("?")
    scheme, separator, rest = address.partition("://")
    given = dict(parse_qsl(query, keep_blank_values=True))
    parameters = {"connect_timeout": str(connect_timeout_seconds), **_KEEPALIVES, **given}
    if not pooled:
        wanted = {"timezone": "UTC"}
        if statement_timeout_seconds:
            wanted["statement_timeout"] = str(int(statement_timeout_seconds * 1000))
        parameters["options"] = _with_options(given.get("options", ""), wanted)
    scheme = "postgresql+psycopg" if scheme in ("postgres", "postgresql") else scheme
    return f"{scheme}{separator}{rest}?{urlencode(parameters, quote_via=quote)}"


def libpq_url(url: str, *, connect_timeout_seconds: int = CONNECT_TIMEOUT_SECONDS) -> str:
    """Return the same for libpq and psycopg."""
    completed = sqlalchemy_url(url, connect_timeout_seconds=connect_timeout_seconds)
    return completed.replace("postgresql+psycopg://", "postgresql://", 1)


def without_options(url: str) -> str:
    """Return the URL without `options`, for a database that has not what they name."""
    address, _, query = url.partition("?")
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "options"]
    return f"{address}?{urlencode(kept, quote_via=quote)}"


def names_time_zone(url: str) -> bool:
    return "timezone=" in dict(parse_qsl(url.partition("?")[2])).get("options", "").lower()


def _with_options(given: str, wanted: dict[str, str]) -> str:
    missing = [f"-c {name}={value}" for name, value in wanted.items() if f"{name}=" not in given.lower()]
    return " ".join([*missing, *filter(None, [given])])
