"""OpenTelemetry traces with `FastAPI(telemetry=TELEMETRY)`, sent to OTEL_EXPORTER_OTLP_ENDPOINT.

Without that variable no traces are made. Logs and metrics have their own channels (JSON lines, /metrics).
"""

from fastapi.telemetry import TelemetryConfig

TELEMETRY: TelemetryConfig = {"auto_configure": True, "logs": False, "metrics": False}
