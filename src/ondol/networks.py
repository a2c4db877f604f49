"""The networks of trusted proxies."""

import ipaddress
from collections.abc import Iterable, Iterator

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ANYBODY = "*"
UNIX = "unix"
"""A peer that connects through a Unix socket."""

_PRIVATE6, _MIN_PUBLIC6 = ipaddress.IPv6Network("fc00::/7"), 24
_MAPPED, _MAPPED_BITS = ipaddress.IPv6Network("::ffff:0:0/96"), 96
"""The network of IPv4-mapped addresses (RFC 4291, section 2.5.5.2)."""


def checked(proxies: list[str]) -> list[str]:
    """Return `proxies` if each is an address, a network, "unix" or "*". Raises ValueError."""
    list(_networks(proxies))
    return proxies


def with_mapped(proxies: list[str]) -> Iterator[str]:
    """Yield `proxies`, then each IPv4 network as a dual-stack socket sees it: mapped to IPv6."""
    yield from proxies
    for network in _networks(proxies):
        if network.version == 4:
            yield f"::ffff:{network.network_address}/{_MAPPED_BITS + network.prefixlen}"


def are_too_wide(proxies: Iterable[str]) -> bool:
    """Return whether a network is too wide to trust, alone or joined with others, such as 0.0.0.0/1 and 128.0.0.0/1.

    The widest that are allowed: 10.0.0.0/8 (RFC 1918), fc00::/7 (RFC 4193) and a public IPv6 network of 24 bits.
    """
    networks = [_unmapped(network) for network in _networks(proxies)]
    joined4 = ipaddress.collapse_addresses(each for each in networks if isinstance(each, ipaddress.IPv4Network))
    joined6 = ipaddress.collapse_addresses(each for each in networks if isinstance(each, ipaddress.IPv6Network))
    return any(each.prefixlen < 8 for each in joined4) or any(
        each.overlaps(_MAPPED) or (each.prefixlen < _MIN_PUBLIC6 and not each.subnet_of(_PRIVATE6)) for each in joined6
    )


def _networks(proxies: Iterable[str]) -> Iterator[Network]:
    return (ipaddress.ip_network(proxy) for proxy in proxies if proxy not in (ANYBODY, UNIX))


def _unmapped(network: Network) -> Network:
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
