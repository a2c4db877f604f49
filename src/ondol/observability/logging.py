"""Structured logs through structlog, including the standard library's loggers (uvicorn, SQLAlchemy, procrastinate).

Use it in scripts without a runtime; `Runtime.lifespan` and `ondol.run` configure the logs themselves.

    import structlog
    from ondol.observability.logging import configure_logging
    configure_logging()
    structlog.stdlib.get_logger("shop").info("order_placed", order_id=7)
"""

import contextlib
import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog
from structlog.typing import Processor

from ondol.observability.options import LoggingSettings
from ondol.observability.traces import format_trace, write_trace
from ondol.observability.tracing import add_trace

ACCESS = "ondol.access"
# The stack trace of a failed start ends with the message for the user; the rest adds nothing.
START_FAILED = "ondol.startup.StartFailed: "
QUIET = ("httpx2", "procrastinate", "alembic", "watchfiles", "psycopg.pool", "multipart", "asyncio")


class SentenceOnly(logging.Filter):
    """Shorten the server's report of a failed start to the message that says what to do."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if START_FAILED in message:
            record.msg, record.args = message.rpartition(START_FAILED)[2].strip(), ()
        return True


class WithoutArguments(logging.Filter):
    """Drop procrastinate's lines about single jobs, which contain the arguments; `job_failed` and `job_done` stay."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not hasattr(record, "job")


class StandardErrorHandler(logging.Handler):
    """Write to the current standard error: a test or a supervisor may have replaced it."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


class _StandardErrorBytes:
    """Write bytes to the current standard error."""

    def write(self, line: bytes) -> None:
        sys.stderr.buffer.write(line)

    def flush(self) -> None:
        sys.stderr.buffer.flush()


_access_log: Any = structlog.stdlib.get_logger(ACCESS)


def log_access(scope: MutableMapping[str, Any], method: str, status: int, seconds: float) -> None:
    """Write a line in the access log. A failure to write it does not fail the request."""
    if not logging.getLogger(ACCESS).isEnabledFor(logging.INFO):
        return
    client = scope.get("client")
    with contextlib.suppress(Exception):
        _access_log.info(
            "request",
            method=method,
            path=scope["path"],  # without the query, which may contain secrets
            status=status,
            duration_ms=round(seconds * 1000, 2),
            client=client[0] if client else None,
        )


def configure_logging(settings: LoggingSettings | None = None, *, sql: bool = False) -> None:
    """Send every log line to standard error, as JSON or readable text. `sql`: also every SQL statement.

    Call it once, when a process starts, before it makes an engine.
    """
    settings = settings or LoggingSettings()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_trace,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = StandardErrorHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(settings)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level)
    # uvicorn sets its own handlers; its access log is replaced by one with request ids.
    for name in ("uvicorn", "uvicorn.error", "gunicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.error").addFilter(SentenceOnly())
    logging.getLogger("procrastinate.worker").addFilter(WithoutArguments())
    logging.getLogger("uvicorn.access").handlers = []
    logging.getLogger("uvicorn.access").propagate = False
    # The engine's own `echo` would write each statement a second time, past this handler.
    logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO if sql else logging.NOTSET)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    global _access_log  # noqa: PLW0603  (as structlog's own configuration: one for the process)
    _access_log = structlog.stdlib.get_logger(ACCESS) if settings.format == "console" else _direct()


def _direct() -> Any:
    """Return a fast logger for the access log, which bypasses the standard library."""
    return structlog.wrap_logger(
        structlog.BytesLogger(_StandardErrorBytes()),  # type: ignore[arg-type]
        processors=[
            structlog.contextvars.merge_contextvars,
            add_trace,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    ).bind(logger=ACCESS, level="info")


def _json(event: Any, **_: Any) -> bytes:
    try:
        return orjson.dumps(event, default=str)
    except TypeError:  # a number of more than 64 bits, or a lone surrogate
        return json.dumps(event, default=str).encode()


def _renderers(settings: LoggingSettings) -> list[Processor]:
    if settings.format == "console":
        # Rich would print the variables of every stack frame, including passwords.
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=write_trace)]
    return [structlog.processors.ExceptionRenderer(format_trace), structlog.processors.JSONRenderer(ensure_ascii=False)]
