"""Rate limits too high for tests to reach. Tests of the limits set their own."""

import os

from app.settings import LimitsSettings


def lift_limits() -> None:
    """Raise all limits, because tests send many requests per second. Services that tests start inherit them."""
    for name, setting in LimitsSettings.model_fields.items():
        if setting.default is not None:
            os.environ.setdefault(f"LIMITS__{name.upper()}", "1000000/m")
