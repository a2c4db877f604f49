"""Puts the application together."""

from fastapi import Depends, FastAPI
from ondol import TooManyRequests
from ondol.settings import load_settings
from ondol.web.app import docs_enabled, install
from ondol.web.openapi import operation_id
from ondol.web.problems import problem_responses
from ondol.web.telemetry import TELEMETRY

from app.access import limit_api
from app.jobs import JOBS
from app.lifespan import lifespan
from app.middleware import ServerTimingMiddleware
from app.routers import ROUTERS, TAGS
from app.runtime import Runtime
from app.settings import AppSettings

DESCRIPTION = """
An API on [FastAPI](https://fastapi.tiangolo.com) and Ondol.

Press **Authorize** and log in with the e-mail address and password of an account; `register` makes one, with the
code that is then mailed to you (in development it lies at [/dev/mailbox](/dev/mailbox)).
"""


def create_app(settings: AppSettings | None = None) -> FastAPI:
    """A new application with its own runtime; nothing is shared with another one in the same process."""
    settings = settings or load_settings(AppSettings)
    runtime = Runtime(settings, jobs=JOBS)
    app = FastAPI(
        title="Ondol starter",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url="/openapi.json" if docs_enabled(runtime) else None,
        openapi_tags=TAGS,
        telemetry=TELEMETRY,
        redirect_slashes=False,  # one address for each thing; behind TLS a redirect would lead to http
        docs_url=None,  # `install` serves both pages from the package, without a CDN
        redoc_url=None,
        generate_unique_id_function=operation_id,
    )
    install(app, runtime)
    if docs_enabled(runtime):  # for who develops: how long things take is nobody else's business
        app.add_middleware(ServerTimingMiddleware)
    limits = [Depends(limit_api)] if settings.limits.api_address else []
    for router in ROUTERS:  # each in the application itself: FastAPI searches a router within a router once more
        app.include_router(router, prefix="/api/v1", dependencies=limits, responses=problem_responses(TooManyRequests))
    return app
