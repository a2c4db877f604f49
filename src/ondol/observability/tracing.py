"""Where traces (FastAPI's own, see `ondol.web.telemetry`) meet the request id and the logs."""

from typing import Any

from opentelemetry import trace
from structlog.typing import EventDict


def note_request_id(request_id: str) -> None:
    """On the span under way, so that a trace is found by the id a client was given."""
    trace.get_current_span().set_attribute("request.id", request_id)


def add_trace(_: Any, __: str, event: EventDict) -> EventDict:
    """A structlog processor: `trace_id` and `span_id`, where there is a trace."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event
