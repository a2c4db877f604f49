"""An error tracker in one function, with Sentry as the example. In a service: `Runtime(settings, on_error=report)`."""

from collections.abc import Mapping
from typing import Any

import sentry_sdk
from fastapi import FastAPI

from ondol.observability.errors import guarded
from ondol.web.front import Front

# The URL comes from SENTRY_DSN. Without its integrations, Sentry gets only the errors reported here.
sentry_sdk.init(default_integrations=False)


def report(error: BaseException, context: Mapping[str, Any]) -> None:
    sentry_sdk.capture_exception(error, contexts={"ondol": dict(context)})


app = FastAPI()
app.add_middleware(Front, on_error=guarded(report))


@app.get("/broken")
async def broken() -> None:
    raise RuntimeError("nobody foresaw this")
