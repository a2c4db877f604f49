"""Where a request came from."""

import ipaddress
from typing import Annotated

import structlog
from fastapi import Depends
from fastapi.requests import HTTPConnection

from ondol.auth.origin import MAX_DEVICE_LENGTH, Origin


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
