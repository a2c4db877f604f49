"""Where errors that nobody foresaw are reported, besides the log: an error tracker, by one function.

    def report(error: BaseException, context: Mapping[str, Any]) -> None:
        sentry_sdk.capture_exception(error, contexts={"ondol": dict(context)})

    Runtime(settings, on_error=report)

`context` says where it happened: `method`, `path` of a request or `job`, `job_id`, and the `request_id`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import structlog

log = structlog.stdlib.get_logger("ondol")

ErrorHook = Callable[[BaseException, Mapping[str, Any]], None]


def guarded(hook: ErrorHook) -> ErrorHook:
    """The hook with the ids of the request or job under way; one that fails itself is logged, and hurts nobody."""

    def report(error: BaseException, context: Mapping[str, Any]) -> None:
        try:
            hook(error, {**structlog.contextvars.get_contextvars(), **context})
        except Exception:
            log.exception("error_hook_failed")

    return report
