"""The client of a request: its address and what it calls itself."""

import ipaddress
from functools import lru_cache

import structlog
from fastapi.requests import HTTPConnection

from ondol.auth.client import MAX_USER_AGENT_LENGTH, Client


def client_of(connection: HTTPConnection) -> Client:
    """Return the client. Behind a proxy the address is the proxy's, unless HTTP__TRUSTED_PROXIES names it."""
    peer = connection.client
    user_agent = connection.headers.get("User-Agent", "")
    return Client(
        address=_checked(peer.host) if peer else "",
        user_agent="".join(filter(str.isprintable, user_agent))[:MAX_USER_AGENT_LENGTH],
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )


@lru_cache(maxsize=10_000)
def _checked(host: str) -> str:
    """A proxy passes on what its own clients say: only an address is one."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)
