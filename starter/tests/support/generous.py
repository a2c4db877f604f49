"""Limits of the service that tests do not reach. Tests of the limits set their own."""

import os

from app.settings import LimitsSettings


def lift_limits() -> None:
    """A test asks more often in a second than a person in an hour. Services that tests start inherit it."""
    for name, setting in LimitsSettings.model_fields.items():
        if setting.default is not None:
            os.environ.setdefault(f"LIMITS__{name.upper()}", "1000000/m")
