"""Clients' addresses: read as numbers, and what counts as one address.

A household or a phone owns a whole /64 of IPv6, so everything in one counts as one address where
failed logins and connections are counted. Bans are about addresses as they are (`everdoor.bans`).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

IPV6_PREFIX_BITS = 64
MAX_ADDRESS_CHARACTERS = 100

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_ZONE = re.compile(r"%[^/]*")


def parse_address(text: str) -> Address | None:
    """Read a client's address, without its zone, IPv4 written as IPv6 as IPv4; None: it is no IP
    address."""
    try:
        address = ipaddress.ip_address(without_zone(text))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def without_zone(text: str) -> str:
    """An IPv6 address or range without the interface that it was seen on."""
    return _ZONE.sub("", text)


def parse_networks(text: str) -> tuple[Network, ...]:
    """Read addresses and ranges, separated by commas; none from an empty text.

    Raises:
        ValueError: One of them is neither.
    """
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    return tuple(ipaddress.ip_network(part, strict=False) for part in parts)


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Whether a client's address is in one of the ranges."""
    parsed = parse_address(address)
    return parsed is not None and any(parsed in network for network in networks)


def address_key(address: str) -> str:
    """Reduce a client's address to the unit that is counted.

    An IPv4 address stands for itself, an IPv6 address for its /64. What is no IP address (a Unix
    socket's name) stands for itself, without what cannot be printed and cut at 100 characters.
    """
    parsed = parse_address(address)
    if parsed is None:
        return "".join(filter(str.isprintable, address[:MAX_ADDRESS_CHARACTERS]))
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, IPV6_PREFIX_BITS), strict=False))
    return str(parsed)
