"""The settings LOGGING__… and METRICS__…."""

from typing import Literal

from pydantic import Field, SecretStr

from ondol.options import Group


class LoggingSettings(Group):
    """Logs on standard error."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level of log events.")
    format: Literal["json", "console"] = Field("json", description="JSON lines, or text for people.")


class MetricsSettings(Group):
    """Prometheus metrics at /metrics."""

    enabled: bool = Field(False, description="Serve /metrics for Prometheus.")
    token: SecretStr | None = Field(None, description="Bearer token that Prometheus must send.")
