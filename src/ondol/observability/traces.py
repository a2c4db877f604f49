"""Stack traces for the log, without the values that PostgreSQL puts into its messages.

Messages of class 22 contain the refused value (`invalid input syntax for type integer: "…"`). In every class, the lines
after the first may contain values (`DETAIL:  Failing row contains (…)`).
"""

import re
import traceback
from collections.abc import Iterator
from typing import TextIO

import psycopg
from structlog.typing import ExcInfo

_GROUP = re.compile(r"^(?: *\| )+")  # before the lines of an exception group


def says_values(error: psycopg.Error) -> bool:
    """Return whether the first line of the error's message contains a value (class 22, data exceptions)."""
    return (error.sqlstate or "").startswith("22")


def kind_of(error: psycopg.Error) -> str:
    """Return the description of an error of PostgreSQL without values: `InvalidTextRepresentation, SQLSTATE 22P02`."""
    return f"{type(error).__name__}, SQLSTATE {error.sqlstate}"


def format_trace(exc_info: ExcInfo) -> str:
    """Return Python's stack trace, with messages that contain values replaced by the error's class and SQLSTATE."""
    text = "".join(traceback.format_exception(*exc_info)).rstrip("\n")
    hidden: set[str] = set()
    for error in _postgres_errors(exc_info[1], set()):
        first, *others = str(error).split("\n")
        if says_values(error):
            text = text.replace(first, f"({kind_of(error)})")
        # DETAIL, CONTEXT, LINE, and the further lines of a value with line breaks.
        hidden.update(line for line in others if line.strip())
    lines = text.split("\n")
    return "\n".join("(not shown)" if _GROUP.sub("", line) in hidden else line for line in lines)


def write_trace(stream: TextIO, exc_info: ExcInfo) -> None:
    """Write the stack trace of `format_trace` for structlog's console."""
    stream.write("\n" + format_trace(exc_info))


def _postgres_errors(error: BaseException | None, seen: set[int]) -> Iterator[psycopg.Error]:
    """Yield PostgreSQL's errors among an error's causes, contexts, groups and SQLAlchemy's `orig`."""
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
