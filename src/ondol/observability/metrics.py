"""Prometheus metrics of all processes of a replica.

The processes of one web server share a folder of memory-mapped files (`shared_metrics`); the one that serves /metrics
adds them up. Each replica reports only itself, as Prometheus expects.
"""

import contextlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from ondol.observability.shared_metrics import SHARED_FOLDER

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

REGISTRY = CollectorRegistry()
REQUEST_SECONDS = Histogram(
    "http_request_duration_seconds",
    "Time from the first byte of a request to the last byte of its response.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
REQUESTS_IN_PROGRESS = Gauge(
    "http_requests_in_progress", "Requests in progress.", registry=REGISTRY, multiprocess_mode="livesum"
)
CONNECTIONS_IN_USE = Gauge(
    "db_connections_in_use",
    "Connections in use in all pools.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
CONNECTIONS_LIMIT = Gauge(
    "db_connections_limit", "Connections allowed in all pools.", registry=REGISTRY, multiprocess_mode="livesum"
)
CACHE_LOOKUPS = Counter(
    "cache_lookups", "Cache reads: memory, hit, miss, or down (Valkey is down).", ["result"], registry=REGISTRY
)


def count_lookup(result: str) -> None:
    CACHE_LOOKUPS.labels(result).inc()


@dataclass(eq=False)
class _Now(Collector):
    """Metrics that were measured for this exposition only."""

    metrics: Sequence[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.metrics


def exposition(accept: str, asked_now: Sequence[Metric]) -> tuple[bytes, str]:
    """Return the metrics of all processes of this server and `asked_now` for Prometheus, and the media type."""
    registry = CollectorRegistry()
    if folder := os.environ.get(SHARED_FOLDER):
        _forget_the_dead(Path(folder))
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_Now(list(REGISTRY.collect())))
    registry.register(_Now(asked_now))
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


def _forget_the_dead(folder: Path) -> None:
    """Remove the gauges of killed processes, which would count as busy forever."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            with contextlib.suppress(FileNotFoundError):  # another process removed it at the same time
                mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
        except PermissionError:
            continue
