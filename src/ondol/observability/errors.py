"""Reports of unexpected errors to an error tracker, through one function.

    def report(error: BaseException, context: Mapping[str, Any]) -> None:
        sentry_sdk.capture_exception(error, contexts={"ondol": dict(context)})

    Runtime(settings, on_error=report)

`context` has the `method`, `path` and `request_id` of a request, or the `job` and `job_id` of a job.
"""

from collections.abc import Callable, Mapping
from typing import Any

import structlog

log = structlog.stdlib.get_logger("ondol")

ErrorHook = Callable[[BaseException, Mapping[str, Any]], None]


def guarded(hook: ErrorHook) -> ErrorHook:
    """Return the hook with the ids of the current request or job added. If it fails, the error is only logged."""

    def report(error: BaseException, context: Mapping[str, Any]) -> None:
        try:
            hook(error, {**structlog.contextvars.get_contextvars(), **context})
        except Exception:
            log.exception("error_hook_failed")

    return report
