"""Stack traces for the log, without the values that PostgreSQL puts into its messages.

Its texts of class 22 hold the value that was refused (`invalid input syntax for type integer: "…"`), and the lines
DETAIL, CONTEXT and LINE of any class may (`Failing row contains (…)`).
"""

import traceback
from collections.abc import Iterator
from typing import TextIO

import psycopg
from structlog.typing import ExcInfo

_LINES_WITH_VALUES = ("DETAIL:", "CONTEXT:", "LINE ", "HINT:")


def says_values(error: psycopg.Error) -> bool:
    """Return whether the first line of the error's text holds a value (class 22, data exceptions)."""
    return (error.sqlstate or "").startswith("22")


def kind_of(error: psycopg.Error) -> str:
    """Return what may be said of any error of PostgreSQL: `InvalidTextRepresentation, SQLSTATE 22P02`."""
    return f"{type(error).__name__}, SQLSTATE {error.sqlstate}"


def format_trace(exc_info: ExcInfo) -> str:
    """Return the trace as Python writes it, where values are replaced by the error's class and SQLSTATE."""
    text = "".join(traceback.format_exception(*exc_info)).rstrip("\n")
    for error in _postgres_errors(exc_info[1], set()):
        first, *others = str(error).splitlines() or [""]
        for line in [first] if says_values(error) else []:
            text = text.replace(line, f"({kind_of(error)})")
        for line in others:
            if line.startswith(_LINES_WITH_VALUES):
                text = text.replace(line, "(not shown)")
    return text


def write_trace(stream: TextIO, exc_info: ExcInfo) -> None:
    """Write the same for structlog's console."""
    stream.write("\n" + format_trace(exc_info))


def _postgres_errors(error: BaseException | None, seen: set[int]) -> Iterator[psycopg.Error]:
    """Find them in what an error came from: causes, contexts, groups, and SQLAlchemy's `orig`."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    if isinstance(error, psycopg.Error):
        yield error
    for origin in (error.__cause__, error.__context__, getattr(error, "orig", None)):
        yield from _postgres_errors(origin, seen)
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _postgres_errors(part, seen)
