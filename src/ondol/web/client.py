"""The client of a request: its address and what it calls itself."""

import ipaddress
from typing import Annotated, Any

import structlog
from fastapi import Depends
from fastapi.requests import HTTPConnection
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ondol.auth.client import MAX_USER_AGENT_LENGTH, Client
from ondol.networks import UNIX, with_mapped


async def get_client(connection: HTTPConnection) -> Client:
    """Return the client. Behind a proxy the address is the proxy's, unless HTTP__TRUSTED_PROXIES names it."""
    peer = connection.client
    user_agent = connection.headers.get("User-Agent", "")
    return Client(
        address=_checked(peer.host) if peer else "",
        user_agent="".join(filter(str.isprintable, user_agent))[:MAX_USER_AGENT_LENGTH],
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )


ClientDep = Annotated[Client, Depends(get_client)]


def _checked(host: str) -> str:
    """A proxy passes on what its own clients say: only an address is one."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


class ClientAddressMiddleware(ProxyHeadersMiddleware):
    """Takes the client's address from X-Forwarded-For, where a trusted proxy connected.

    `trusted_proxies`: addresses and networks; "unix" for a proxy that connects through a Unix socket. A proxy that
    connects as ::ffff:10.0.0.1, as it does to a socket that takes IPv6 too, is 10.0.0.1.
    """

    def __init__(self, app: Any, trusted_proxies: list[str]) -> None:
        super().__init__(app, [*with_mapped(trusted_proxies)])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan" and scope.get("client") is None:
            scope["client"] = (UNIX, 0)
        await super().__call__(scope, receive, send)
