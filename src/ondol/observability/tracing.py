"""Where traces (FastAPI's own, see `ondol.web.telemetry`) meet the request id and the logs."""

from typing import Any

from opentelemetry import trace
from structlog.typing import EventDict


def note_request(request_id: str, *, has_query: bool) -> None:
    """On the span under way: the id that the client was given, so that its trace is found; and no query, which may
    hold what should not be in a trace."""
    span = trace.get_current_span()
    span.set_attribute("request.id", request_id)
    if has_query:
        span.set_attribute("url.query", "REDACTED")


def add_trace(_: Any, __: str, event: EventDict) -> EventDict:
    """A structlog processor: `trace_id` and `span_id`, where there is a trace."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event
