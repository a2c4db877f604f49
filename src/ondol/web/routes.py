"""The methods and WebSockets of an application, from its routes: HEAD for each GET, `Allow` with all methods."""

import asyncio
from collections.abc import Sequence

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from fastapi.staticfiles import StaticFiles
from starlette.routing import BaseRoute, Host, Match, Mount, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def methods_at(app: FastAPI, scope: Scope) -> set[str]:
    """Return the methods of all routes that match the path of a request."""
    routes = (route for route in iter_route_contexts(app.routes) if route.methods)
    return {method for route in routes if route.matches(scope)[0] is not Match.NONE for method in route.methods or ()}


def allowed_at(app: FastAPI, scope: Scope) -> str:
    """Return the `Allow` header of a path: its methods, and HEAD if GET is served."""
    methods = methods_at(app, scope)
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def has_websockets(routes: Sequence[BaseRoute]) -> bool:
    """Return whether any route accepts WebSockets; a mounted application of unknown kind counts."""
    return any(_takes_websockets(route) for route in iter_route_contexts(routes))


def _takes_websockets(context: RouteContext) -> bool:
    route = context.original_route
    if isinstance(route, WebSocketRoute):
        return True
    if isinstance(route, Mount | Host) and not isinstance(route.app, StaticFiles):
        return not route.routes or has_websockets(route.routes)
    return False


class HeadMiddleware:
    """Serve HEAD as GET without the body, if no route serves HEAD itself (RFC 9110, section 9.3.2)."""

    def __init__(self, app: ASGIApp, api: FastAPI) -> None:
        self.app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        methods = methods_at(self._api, scope)
        if "HEAD" in methods or "GET" not in methods:
            await self.app(scope, receive, send)
            return
        has_ended = False

        async def send_head(message: Message) -> None:
            nonlocal has_ended
            if message["type"] != "http.response.start" or has_ended:
                await asyncio.sleep(0)  # an endless response can be cancelled here
                return
            has_ended = True
            await send(message)
            await send({"type": "http.response.body"})

        async def receive_or_end() -> Message:
            return {"type": "http.disconnect"} if has_ended else await receive()

        await self.app({**scope, "method": "GET"}, receive_or_end, send_head)
