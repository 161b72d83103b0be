"""The network that an address counts for, where requests are counted by address."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Any, Final

from litestar.connection import ASGIConnection

#: A customer of an internet provider has at least one such network (RFC 6177), and can use any address in it.
_IPV6_PREFIX: Final = 64
#: A text that is not an address (a Unix socket, a word of a proxy) is kept as it is, up to this length.
_MAX_TEXT: Final = 64

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def plain_address(text: str) -> str:
    """The address in its plainest form: an IPv4 address that travels in an IPv6 one becomes that IPv4 address."""
    address = _parse(text[:_MAX_TEXT])
    return str(address) if address else text[:_MAX_TEXT]


def network_of(text: str) -> str:
    """The network of the address: an IPv4 address itself, the /64 of an IPv6 address."""
    return _network_of(text[:_MAX_TEXT])  # a header can have any length


@lru_cache(maxsize=10_000)
def _network_of(text: str) -> str:
    address = _parse(text)
    if address is None:
        return text
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address.packed, _IPV6_PREFIX), strict=False))


def is_private(text: str) -> bool:
    """Whether the address belongs to a private network, where proxies stand."""
    return _is_private(text[:_MAX_TEXT])


@lru_cache(maxsize=10_000)
def _is_private(text: str) -> bool:
    address = _parse(text)
    return address is not None and address.is_private


def client_network(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The network that the request counts for."""
    client = connection.scope.get("client")
    return network_of(client[0]) if client else "unknown"


def _parse(text: str) -> IPAddress | None:
    try:
        address = ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    return _carried(address) if isinstance(address, ipaddress.IPv6Address) else address


def _carried(address: ipaddress.IPv6Address) -> IPAddress:
    """The IPv4 address in an IPv6 one: mapped (RFC 4291), by 6to4 (RFC 3056), or by Teredo (RFC 4380)."""
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    return address.teredo[1] if address.teredo else address
