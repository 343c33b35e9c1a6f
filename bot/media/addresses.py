"""Which addresses of the network are public. Pure."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# IANA's registries of special-purpose addresses, as far as Python 3.11 takes them for public: addresses that stand for
# others (mapped, NAT64, 6to4, Teredo), relays, and ranges that were registered later.
_SPECIAL = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.88.99.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24", "::/96", "::ffff:0:0/96",
        "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2002::/16", "2620:4f:8000::/48",
        "3fff::/20", "5f00::/16", "fec0::/10",
    )
)  # fmt: skip


def is_public(address: Address) -> bool:
    """Whether this is the address of one machine on the internet."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in network for network in _SPECIAL if network.version == address.version)


def literal(host: str) -> Address | None:
    """The address that a host spells out, in any way that a resolver would take: `127.1`, `0x7f000001`, `::1`."""
    host = host.rstrip(".")
    with suppress(ValueError):
        return ipaddress.ip_address(host)
    with suppress(OSError, ValueError):
        return ipaddress.IPv4Address(socket.inet_aton(host))
    return None
