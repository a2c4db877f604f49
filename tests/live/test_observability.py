"""Metrics of all processes, traces and logs, and the request id that they share."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from people import people
from prometheus_client.parser import text_string_to_metric_families

from ondol.db.session import SyncDatabase
from ondol.testing.collector import Collector

COMMANDS = {"uvicorn": ["-m", "ondol.run", "web"], "gunicorn": ["-m", "gunicorn", "main:app"]}
TOKEN = "prometheus-and-nobody-else"
DASHBOARD = Path(__file__).parents[2] / "starter" / "deploy" / "grafana" / "dashboard.json"


def samples(text: str) -> dict[tuple[str, str], float]:
    """Return the values by name and status."""
    found: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, sample.labels.get("status", ""))
            found[key] = found.get(key, 0) + sample.value
    return found


@pytest.mark.whole
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_metrics_add_up_over_all_processes(serve: Callable[..., Any], command: list[str]) -> None:
    environment = {
        "WEB_CONCURRENCY": "2",
        "METRICS__ENABLED": "true",
        "METRICS__TOKEN": TOKEN,
    }
    with serve(command, **environment) as started:
        base = started.base
        for _ in range(60):  # one connection per request, so that both processes get some
            assert httpx2.get(f"{base}/health/live").status_code == 200
        for number in range(10):
            assert httpx2.get(f"{base}/nowhere/{number}").status_code == 404
        assert httpx2.get(f"{base}/metrics").status_code == 401
        assert httpx2.get(f"{base}/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
        shown = httpx2.get(f"{base}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert shown.status_code == 200
    text = shown.text
    assert 'http_request_duration_seconds_count{method="GET",route="/health/live",status="200"} 60.0' in text
    # The label is the route template, never the path: any client could create new metrics.
    assert 'route="unmatched",status="404"} 10.0' in text
    assert "/nowhere/1" not in text
    assert "http_requests_in_progress 1.0" in text  # this request
    assert 'server_up{server="postgresql"} 1.0' in text
    assert 'jobs{status="waiting"} 0.0' in text


def test_the_dashboard_asks_for_metrics_that_exist(serve: Callable[..., Any], database: SyncDatabase) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(expressions) >= 8
    environment = {
        "WEB_CONCURRENCY": "1",
        "METRICS__ENABLED": "true",
    }
    with serve(COMMANDS["uvicorn"], **environment) as started:
        base = started.base
        # Checks the token against the cache.
        assert httpx2.get(f"{base}/api/v1/users/me", headers=people(database, 1)[0]).status_code == 200
        text = httpx2.get(f"{base}/metrics").text
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels.setdefault(sample.name, {"instance"}).update(sample.labels)
    for expression in expressions:
        named = re.findall(r"([a-z_]+)(?=[{\[)])(?<!le)(?<!by)", re.sub(r"by \([^)]*\)|\{[^}]*\}", "", expression))
        assert named, expression
        assert set(named) <= labels.keys(), expression
        grouped = {label for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(", ")}
        selected = set(re.findall(r"[{,]([a-z_]+)=", expression))
        assert grouped | selected <= set().union(*(labels[name] for name in named)), expression


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.stop()


def test_traces_logs_and_answers_share_the_request_id(serve: Callable[..., Any], collector: Collector) -> None:
    environment = {
        "WEB_CONCURRENCY": "1",
        "METRICS__ENABLED": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with serve(COMMANDS["uvicorn"], **environment) as started:
        base = started.base
        answer = httpx2.get(f"{base}/health/live", headers={"X-Request-ID": "the-one-we-look-for"})
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        metrics = httpx2.get(f"{base}/metrics", headers=accept).text
    assert answer.headers["X-Request-ID"] == "the-one-we-look-for"
    [line] = [line for line in started.log.read_text().splitlines() if "the-one-we-look-for" in line]
    [span] = [
        span
        for span in collector.spans()
        if any(
            item.key == "request.id" and item.value.string_value == "the-one-we-look-for" for item in span.attributes
        )
    ]
    assert span.name == "GET /health/live"
    assert json.loads(line)["trace_id"] == span.trace_id.hex()
    # As an exemplar of the histogram, if a single process serves its own metrics.
    assert '# {request_id="the-one-we-look-for"}' in metrics
