"""The client of a request: its address and user agent."""

import ipaddress
from functools import lru_cache

import structlog
from fastapi.requests import HTTPConnection

from ondol.auth.client import MAX_USER_AGENT_LENGTH, Client


def client_of(connection: HTTPConnection) -> Client:
    """Return the client. Its address is that of the proxy in front, unless HTTP__TRUSTED_PROXIES names the proxy."""
    peer = connection.client
    user_agent = connection.headers.get("User-Agent", "")
    return Client(
        address=_checked(peer.host) if peer else "",
        user_agent="".join(filter(str.isprintable, user_agent))[:MAX_USER_AGENT_LENGTH],
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )


@lru_cache(maxsize=10_000)
def _checked(host: str) -> str:
    """Return an IP address, or "" for other text: a proxy may forward any value from its clients."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)
