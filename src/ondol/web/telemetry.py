"""For `FastAPI(telemetry=TELEMETRY)`: traces by OpenTelemetry, sent where OTEL_EXPORTER_OTLP_ENDPOINT says.

Without that variable none are made. Logs and metrics leave by their own ways (JSON lines, /metrics).
"""

from fastapi.telemetry import TelemetryConfig

TELEMETRY: TelemetryConfig = {"auto_configure": True, "logs": False, "metrics": False}
