"""What clients see of a service that is leaving (see `ondol.server.drain`)."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ondol.server.drain import Drain, Stopped


class DrainMiddleware:
    """Once the drain has begun, every answer closes its connection, so that none is left when the listener closes, and
    event streams end: their clients connect again, to another process."""

    def __init__(self, app: ASGIApp, drain: Drain) -> None:
        self.app = app
        self._drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_body = is_stream = has_ended = False

        async def send_and_close(message: Message) -> None:
            nonlocal is_stream, has_ended
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_stream = headers.get("Content-Type", "").startswith("text/event-stream")
                if self._drain.has_begun:
                    headers["Connection"] = "close"
            elif not message.get("more_body", False):
                has_ended = True
            await send(message)

        async def receive_or_leave() -> Message:
            nonlocal has_body
            if not has_body:
                message = await receive()
                has_body = message["type"] == "http.request" and not message.get("more_body", False)
                return message
            # Only an answer that is being streamed waits here, to learn that its client has gone.
            try:
                return await self._drain.unless_begun(receive())
            except Stopped:
                return {"type": "http.disconnect"} if is_stream else await receive()

        await self.app(scope, receive_or_leave, send_and_close)
        if is_stream and not has_ended and self._drain.has_begun:
            await send({"type": "http.response.body"})
