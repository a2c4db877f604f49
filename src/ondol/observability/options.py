"""The settings LOGGING__… and METRICS__…."""

from typing import Literal

from pydantic import Field, SecretStr

from ondol.options import Group


class LoggingSettings(Group):
    """Logs on standard error."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["json", "console"] = "json"


class MetricsSettings(Group):
    """Prometheus metrics at /metrics."""

    enabled: bool = False
    token: SecretStr | None = Field(None, description="Bearer token that Prometheus must send.")
