"""`install(app, runtime)`: everything a service wants on a FastAPI application, each part also installable alone."""

from fastapi import FastAPI
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from ondol.options import Environment
from ondol.runtime import Runtime
from ondol.settings.guard import leads_elsewhere
from ondol.web import health, mailbox
from ondol.web.client import ClientAddressMiddleware
from ondol.web.cookies import CSRF_HEADER
from ondol.web.docs import install_docs
from ondol.web.drain import DrainMiddleware
from ondol.web.limits import RateLimitHeadersMiddleware
from ondol.web.metrics import MetricsMiddleware
from ondol.web.metrics import router as metrics_router
from ondol.web.middleware import (
    PRODUCTION_HEADERS,
    REQUEST_ID,
    SECURITY_HEADERS,
    ContentCodingMiddleware,
    LastResortMiddleware,
    PlainErrorsMiddleware,
    RequestContextMiddleware,
    SecurityHeadersMiddleware,
)
from ondol.web.openapi import install_openapi
from ondol.web.problems import ErrorBodies, install_problems
from ondol.web.routes import HeadMiddleware, has_websockets

# What pages of the listed origins may send and read, besides what every page may (Fetch, CORS protocol).
CORS_ALLOWED_HEADERS = ("Authorization", "Content-Type", "If-Match", "If-None-Match", REQUEST_ID, CSRF_HEADER)
CORS_EXPOSED_HEADERS = (REQUEST_ID, "ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy")


def install(app: FastAPI, runtime: Runtime, *, errors: ErrorBodies | None = None) -> None:
    """Install middleware, problems, health, docs and the runtime itself (as `app.state.runtime`). Call it once, first.

    `errors`: the body of errors, where it is not to be RFC 9457's.
    """
    errors = errors or ErrorBodies()
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
    # Not where somebody only forgot to say that it is production: the mail there holds tokens.
    database = settings.database_url.get_secret_value() if settings.database_url else ""
    if settings.environment is not Environment.PRODUCTION and not leads_elsewhere(database):
        app.include_router(mailbox.router)
    _install_middleware(app, runtime, errors)


def docs_enabled(runtime: Runtime) -> bool:
    docs = runtime.settings.http.docs
    return runtime.settings.environment is not Environment.PRODUCTION if docs is None else docs


def _install_middleware(app: FastAPI, runtime: Runtime, errors: ErrorBodies) -> None:
    """The last one added is the outermost: a request meets them from the bottom of this list to its top."""
    http = runtime.settings.http
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=http.max_body_bytes)  # a route may have its own
    app.add_middleware(
        LastResortMiddleware, timeout_seconds=http.timeout_seconds, on_error=runtime.report, answer=errors.answer
    )
    app.add_middleware(ContentCodingMiddleware, answer=errors.answer)
    app.add_middleware(health.TrustedHosts, allowed_hosts=http.allowed_hosts)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=http.cors_origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=[*CORS_ALLOWED_HEADERS, *http.cors_allow_headers],
        expose_headers=[*CORS_EXPOSED_HEADERS, *http.cors_expose_headers],
        allow_credentials=runtime.settings.auth.cookies,
        max_age=600,
    )
    app.add_middleware(PlainErrorsMiddleware, answer=errors.answer)
    app.add_middleware(GZipMiddleware, minimum_size=http.gzip_minimum_bytes)
    app.add_middleware(HeadMiddleware, api=app)
    app.add_middleware(RateLimitHeadersMiddleware)
    is_production = runtime.settings.environment is Environment.PRODUCTION
    app.add_middleware(SecurityHeadersMiddleware, headers=PRODUCTION_HEADERS if is_production else SECURITY_HEADERS)
    app.add_middleware(DrainMiddleware, drain=runtime.drain)
    if runtime.settings.metrics.enabled:
        app.add_middleware(MetricsMiddleware, api=app)
    app.add_middleware(RequestContextMiddleware)
    # First of all, so that everything else sees the client's address. uvicorn counts from the right.
    app.add_middleware(ClientAddressMiddleware, trusted_proxies=http.trusted_proxies)
