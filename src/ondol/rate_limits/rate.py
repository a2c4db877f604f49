"""Rates: requests per window."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import AfterValidator

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_RATE = re.compile(r"(?P<count>[1-9]\d{0,8})/(?P<times>[1-9]\d{0,4})?(?P<unit>[smhd])")


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` requests per window of `seconds`."""

    count: int
    seconds: int


@cache
def parse_rate(text: str) -> Rate:
    """Parse a rate such as `10/15m` or `100/s` (units s, m, h, d). Raises ValueError."""
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError('is not a rate: write "10/15m" for 10 requests in 15 minutes (units s, m, h, d)')
    return Rate(int(found["count"]), int(found["times"] or 1) * _UNITS[found["unit"]])


def _is_rate(text: str) -> str:
    parse_rate(text)
    return text


RateText = Annotated[str, AfterValidator(_is_rate)]
"""A rate in a setting, as `parse_rate` reads it."""
