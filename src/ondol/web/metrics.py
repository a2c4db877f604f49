"""/metrics for Prometheus, and the middleware that counts requests."""

import asyncio
import hmac
import time
from typing import Annotated

import structlog
from fastapi import APIRouter, FastAPI, Header, Response
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ondol.errors import Unauthorized
from ondol.jobs.statistics import job_statistics
from ondol.observability.metrics import METHODS, REQUEST_SECONDS, REQUESTS_IN_PROGRESS, exposition
from ondol.runtime import Runtime
from ondol.web.dependencies import RuntimeDep
from ondol.web.health import PATIENCE_SECONDS, database_is_up

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(
    runtime: RuntimeDep, authorization: Annotated[str, Header()] = "", accept: Annotated[str, Header()] = ""
) -> Response:
    """All processes of this replica, and the queue. Asks for METRICS__TOKEN as a bearer token, if one is set."""
    token = runtime.settings.metrics.token
    if token is not None:
        wanted = f"Bearer {token.get_secret_value()}".encode()
        if not hmac.compare_digest(authorization.encode(errors="replace"), wanted):
            raise Unauthorized("Metrics need the token that METRICS__TOKEN holds.")
    body, media_type = exposition(accept, await _servers(runtime))
    return Response(body, media_type=media_type)


async def _servers(runtime: Runtime) -> list[Metric]:
    """What is asked only now: whether the servers answer, and how the queue does."""
    up = GaugeMetricFamily("server_up", "Whether the server answers.", labels=["server"])
    up.add_metric(["valkey"], await runtime.cache.is_up())
    up.add_metric(["postgresql"], await database_is_up(runtime))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), runtime.database.reading() as session:
            found = await job_statistics(session)
    except (SQLAlchemyError, OSError, TimeoutError):
        return [up]  # no numbers are better than wrong ones
    jobs = GaugeMetricFamily("jobs", "Jobs that could run now, run, or failed for good.", labels=["status"])
    for status, number in (("waiting", found.waiting), ("running", found.running), ("failed", found.failed)):
        jobs.add_metric([status], number)
    oldest = GaugeMetricFamily("jobs_oldest_waiting_seconds", "How long the first of them has waited.")
    oldest.add_metric([], found.oldest_seconds)
    return [up, jobs, oldest]


class Routes:
    """The templates of an application's paths: `/products/{product_id}` for `/products/7`.

    Read from the OpenAPI document, because a route itself knows its path only within its router.
    """

    def __init__(self, app: FastAPI) -> None:
        self._patterns = [(compile_path(path)[0], path) for path in app.openapi()["paths"]]

    def template(self, path: str) -> str:
        """ "unmatched" for what is not in the document: the label must not hold whatever anybody asks for."""
        return next((template for pattern, template in self._patterns if pattern.match(path)), "unmatched")


class MetricsMiddleware:
    """Duration and number of requests by method, route (its template: paths would be endless) and status."""

    def __init__(self, app: ASGIApp, api: FastAPI) -> None:
        self.app = app
        self._api = api
        self._routes: Routes | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, started = 0, time.perf_counter()

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        REQUESTS_IN_PROGRESS.inc()
        try:
            await self.app(scope, receive, send_and_note)
        finally:
            REQUESTS_IN_PROGRESS.dec()
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._routes = self._routes or Routes(self._api)
            route = self._routes.template(scope["path"].removeprefix(scope.get("root_path", "")))
            request_id = structlog.contextvars.get_contextvars().get("request_id", "")
            REQUEST_SECONDS.labels(method, route, status or "none").observe(
                time.perf_counter() - started, {"request_id": request_id[:64]}
            )
