"""This service's own middleware, as plain ASGI. `factory.py` adds each in one line."""

import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ServerTimingMiddleware:
    """Add the Server-Timing header (W3C): the time until the response starts. Browsers show it in developer tools."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()

        async def send_with_timing(message: Message) -> None:
            if message["type"] == "http.response.start":
                milliseconds = (time.perf_counter() - started) * 1000
                MutableHeaders(scope=message)["Server-Timing"] = f"total;dur={milliseconds:.1f}"
            await send(message)

        await self.app(scope, receive, send_with_timing)
