"""`install(app, runtime)`: all parts of Ondol for a FastAPI application. Use it in the application's factory.

Each part can also be installed alone.

    from fastapi import FastAPI
    from ondol.runtime import Runtime
    from ondol.settings import Settings
    from ondol.web.app import install
    runtime = Runtime(Settings(environment="test"))
    app = FastAPI(lifespan=runtime.lifespan)
    install(app, runtime)
"""

from dataclasses import replace

from fastapi import FastAPI

from ondol.options import Environment
from ondol.runtime import Runtime
from ondol.settings.guard import leads_elsewhere
from ondol.web import health
from ondol.web.development import install_development
from ondol.web.docs import install_docs
from ondol.web.front import Front
from ondol.web.headers import PRODUCTION_HEADERS, SECURITY_HEADERS
from ondol.web.metrics import RequestMetrics
from ondol.web.metrics import router as metrics_router
from ondol.web.openapi import install_openapi
from ondol.web.problems import ErrorBodies, install_problems
from ondol.web.routes import has_websockets


def install(app: FastAPI, runtime: Runtime, *, errors: ErrorBodies | None = None) -> None:
    """Install middleware, problems, health, docs and the runtime itself (as `app.state.runtime`). Call it once, first.

    `errors`: error bodies in another format than RFC 9457's.
    """
    errors = errors or ErrorBodies()
    errors = replace(errors, languages=errors.languages or runtime.languages)
    settings = runtime.settings
    app.state.runtime = runtime
    runtime.has_websockets = lambda: has_websockets(app.routes)
    install_problems(app, errors)
    install_openapi(app)
    app.include_router(health.router)
    if settings.metrics.enabled:
        app.include_router(metrics_router)
    if docs_enabled(runtime):
        install_docs(app)
    # The mailbox shows tokens, so it is off too if ENVIRONMENT=production may only have been forgotten.
    database = settings.database_url.get_secret_value() if settings.database_url else ""
    if settings.environment is not Environment.PRODUCTION and not leads_elsewhere(database):
        install_development(app)
    is_production = settings.environment is Environment.PRODUCTION
    app.add_middleware(
        Front,
        api=app,
        http=settings.http,
        headers=PRODUCTION_HEADERS if is_production else SECURITY_HEADERS,
        credentials=settings.auth.cookies,
        drain=runtime.drain,
        metrics=RequestMetrics(app) if settings.metrics.enabled else None,
        on_error=runtime.report,
        bodies=errors,
    )


def docs_enabled(runtime: Runtime) -> bool:
    """Return whether /docs is served (HTTP__DOCS; by default not in production)."""
    docs = runtime.settings.http.docs
    return runtime.settings.environment is not Environment.PRODUCTION if docs is None else docs
