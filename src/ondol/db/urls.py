"""PostgreSQL's URL, as SQLAlchemy and as libpq read it."""


def with_driver(url: str) -> str:
    """`postgres://` and `postgresql://` with the driver we use, psycopg 3."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme in ("postgres", "postgresql") else url


def without_driver(url: str) -> str:
    """The URL as libpq and psycopg understand it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1).replace("postgres://", "postgresql://", 1)
