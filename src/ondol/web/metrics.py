"""/metrics for Prometheus, and what counts requests."""

import asyncio
import hmac
from functools import cached_property
from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, Response
from fastapi.routing import iter_route_contexts
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Scope

from ondol.errors import Unauthorized
from ondol.jobs.statistics import job_statistics
from ondol.observability.metrics import METHODS, REQUEST_SECONDS, REQUESTS_IN_PROGRESS, exposition
from ondol.runtime import Runtime
from ondol.web.dependencies import RuntimeDep
from ondol.web.health import PATIENCE_SECONDS, database_is_up

router = APIRouter(include_in_schema=False)


class MetricsTokenMissing(Unauthorized):
    code = "metrics_token_missing"
    detail = "Metrics need the token in METRICS__TOKEN, as a bearer token."


@router.get("/metrics")
async def metrics(
    runtime: RuntimeDep, authorization: Annotated[str, Header()] = "", accept: Annotated[str, Header()] = ""
) -> Response:
    """All processes of this replica, and the queue. Asks for METRICS__TOKEN as a bearer token, if one is set."""
    token = runtime.settings.metrics.token
    if token is not None:
        wanted = f"Bearer {token.get_secret_value()}".encode()
        if not hmac.compare_digest(authorization.encode(errors="replace"), wanted):
            raise MetricsTokenMissing
    body, media_type = exposition(accept, await _servers(runtime))
    return Response(body, media_type=media_type)


async def _servers(runtime: Runtime) -> list[Metric]:
    """What is asked only now: whether the servers answer, and how the queue does."""
    up = GaugeMetricFamily("server_up", "1 if the server answers, else 0.", labels=["server"])
    up.add_metric(["valkey"], await runtime.cache.is_up())
    up.add_metric(["postgresql"], await database_is_up(runtime))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), runtime.database.reading() as session:
            found = await job_statistics(session)
    except (SQLAlchemyError, OSError, TimeoutError):
        return [up]  # no numbers are better than wrong ones
    jobs = GaugeMetricFamily("jobs", "Jobs that are due, running or finally failed.", labels=["status"])
    for status, number in (("waiting", found.waiting), ("running", found.running), ("failed", found.failed)):
        jobs.add_metric([status], number)
    oldest = GaugeMetricFamily("jobs_oldest_waiting_seconds", "How long the oldest due job has waited.")
    oldest.add_metric([], found.oldest_seconds)
    return [up, jobs, oldest]


class RequestMetrics:
    """Duration and number of requests by method, route (its template: paths would be endless) and status."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def begin(self) -> None:
        REQUESTS_IN_PROGRESS.inc()

    def end(self, scope: Scope, method: str, status: int, seconds: float, request_id: str) -> None:
        REQUESTS_IN_PROGRESS.dec()
        route = self._templates.get(id(scope.get("route")), "unmatched")
        labels = (method if method in METHODS else "other", route, status or "none")
        REQUEST_SECONDS.labels(*labels).observe(seconds, {"request_id": request_id[:64]})

    @cached_property
    def _templates(self) -> dict[int, str]:
        """Of each route the whole path: a route itself knows it only within its router."""
        return {id(each.original_route): str(each.path) for each in iter_route_contexts(self._app.routes)}
