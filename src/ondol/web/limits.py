"""RateLimit headers (draft-ietf-httpapi-ratelimit-headers-10)."""

import math
from collections.abc import Sequence

from ondol.rate_limits.standing import Standing


def rate_limit_headers(standings: Sequence[Standing]) -> list[tuple[bytes, bytes]]:
    """Return RateLimit headers for the limits that a request was counted against."""
    return [
        (b"ratelimit-policy", ", ".join(map(_policy, standings)).encode()),
        (b"ratelimit", ", ".join(map(_left, standings)).encode()),
    ]


def _policy(standing: Standing) -> str:
    rate = standing.limit.rate
    return f'"{standing.limit.name}";q={rate.count};w={rate.seconds}'


def _left(standing: Standing) -> str:
    return f'"{standing.limit.name}";r={standing.remaining};t={math.ceil(standing.reset_seconds)}'
