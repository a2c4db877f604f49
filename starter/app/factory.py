"""Create the application."""

from pathlib import Path

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
from app.seed import LOGINS  # sample
from app.settings import AppSettings

DESCRIPTION = """
An API on [FastAPI](https://fastapi.tiangolo.com) and Ondol.

Press **Authorize** and log in with the e-mail address and password of an account. To create one, call `register` and
confirm with the code that is mailed to you.
"""

LANGUAGES = Path(__file__).parent / "languages"


def create_app(settings: AppSettings | None = None) -> FastAPI:
    """Return a new application with its own runtime. It shares nothing with others in the same process."""
    settings = settings or load_settings(AppSettings)
    runtime = Runtime(settings, jobs=JOBS, languages=LANGUAGES)
    app = FastAPI(
        title="Ondol starter",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url="/openapi.json" if docs_enabled(runtime) else None,
        openapi_tags=TAGS,
        servers=[{"url": settings.http.root_path or "/"}],
        telemetry=TELEMETRY,
        redirect_slashes=False,  # one URL per resource; behind TLS a redirect would lead to http
        docs_url=None,  # `install` serves both pages from the package, without a CDN
        redoc_url=None,
        generate_unique_id_function=operation_id,
    )
    install(app, runtime)
    app.state.logins = LOGINS  # sample
    if docs_enabled(runtime):  # in development only: clients need not know the timings
        app.add_middleware(ServerTimingMiddleware)
    limits = [Depends(limit_api)] if settings.limits.api_address else []
    for router in ROUTERS:  # included directly: FastAPI searches a nested router a second time
        app.include_router(router, prefix="/api/v1", dependencies=limits, responses=problem_responses(TooManyRequests))
    return app
