"""RateLimit headers (draft-ietf-httpapi-ratelimit-headers-10)."""

import math

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ondol.rate_limits.limiter import STANDINGS, Standing


class RateLimitHeadersMiddleware:
    """Add headers for the limits that a request was counted against."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        standings: list[Standing] = []

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and standings:
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"] = ", ".join(map(_policy, standings))
                headers["RateLimit"] = ", ".join(map(_left, standings))
            await send(message)

        token = STANDINGS.set(standings)
        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            STANDINGS.reset(token)


def _policy(standing: Standing) -> str:
    rate = standing.limit.rate
    return f'"{standing.limit.name}";q={rate.count};w={rate.seconds}'


def _left(standing: Standing) -> str:
    return f'"{standing.limit.name}";r={standing.remaining};t={math.ceil(standing.reset_seconds)}'
