"""The connection of traces (FastAPI's own, see `ondol.web.telemetry`) with request ids and logs."""

from typing import Any

from opentelemetry import trace
from structlog.typing import EventDict


def note_request(request_id: str, *, has_query: bool) -> None:
    """Add the request id to the current span, so that its trace can be found, and redact the query, which may contain
    secrets."""
    span = trace.get_current_span()
    span.set_attribute("request.id", request_id)
    if has_query:
        span.set_attribute("url.query", "REDACTED")


def add_trace(_: Any, __: str, event: EventDict) -> EventDict:
    """Add `trace_id` and `span_id` to a log line if there is a trace (a structlog processor)."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event
