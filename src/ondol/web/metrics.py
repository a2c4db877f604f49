"""/metrics for Prometheus, and the metrics of requests."""

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
    """Return the metrics of all processes of this replica and of the queue. METRICS__TOKEN, if set, is required."""
    token = runtime.settings.metrics.token
    if token is not None:
        wanted = f"Bearer {token.get_secret_value()}".encode()
        if not hmac.compare_digest(authorization.encode(errors="replace"), wanted):
            raise MetricsTokenMissing
    body, media_type = exposition(accept, await _servers(runtime))
    return Response(body, media_type=media_type)


async def _servers(runtime: Runtime) -> list[Metric]:
    """Return the metrics that are measured now: whether the servers answer, and the jobs in the queue."""
    up = GaugeMetricFamily("server_up", "1 if the server answers, else 0.", labels=["server"])
    up.add_metric(["valkey"], await runtime.cache.is_up())
    up.add_metric(["postgresql"], await database_is_up(runtime))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), runtime.database.reading() as session:
            found = await job_statistics(session)
    except (SQLAlchemyError, OSError, TimeoutError):
        return [up]  # rather than wrong numbers
    jobs = GaugeMetricFamily("jobs", "Jobs that are due, running or finally failed.", labels=["status"])
    for status, number in (("waiting", found.waiting), ("running", found.running), ("failed", found.failed)):
        jobs.add_metric([status], number)
    oldest = GaugeMetricFamily("jobs_oldest_waiting_seconds", "How long the oldest due job has waited.")
    oldest.add_metric([], found.oldest_seconds)
    return [up, jobs, oldest]


class RequestMetrics:
    """Measure requests by method, route (its template: the number of paths is unlimited) and status."""

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
        """The full path of each route: the route itself contains only the part within its router."""
        return {id(each.original_route): str(each.path) for each in iter_route_contexts(self._app.routes)}
