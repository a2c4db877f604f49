"""Where a request came from."""

import ipaddress
from typing import Annotated, Any

import structlog
from fastapi import Depends
from fastapi.requests import HTTPConnection
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ondol.auth.origin import MAX_DEVICE_LENGTH, Origin
from ondol.networks import UNIX, with_mapped


async def get_origin(connection: HTTPConnection) -> Origin:
    """The client's address and device. Behind a proxy the address is the proxy's, unless HTTP__TRUSTED_PROXIES names
    it."""
    client = connection.client
    device = connection.headers.get("User-Agent", "")
    return Origin(
        address=_checked(client.host) if client else "",
        device="".join(filter(str.isprintable, device))[:MAX_DEVICE_LENGTH],
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )


OriginDep = Annotated[Origin, Depends(get_origin)]


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
