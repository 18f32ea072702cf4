"""What counts as one address: the unit by which failed logins are counted.

A household or a phone owns a whole /64 of IPv6, so everything in one counts as one address.
"""

from __future__ import annotations

import ipaddress

IPV6_PREFIX_BITS = 64
MAX_ADDRESS_CHARACTERS = 100


def address_key(address: str) -> str:
    """Reduce a client's address to the unit that is counted.

    An IPv4 address stands for itself (also when written as IPv4 in IPv6), an IPv6 address for its
    /64, without its zone. What is no IP address (a Unix socket's name) stands for itself, without
    what cannot be printed and cut at 100 characters.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "".join(filter(str.isprintable, address[:MAX_ADDRESS_CHARACTERS]))
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            network = ipaddress.ip_network((parsed, IPV6_PREFIX_BITS), strict=False)
            return str(network)
        return str(parsed.ipv4_mapped)
    return str(parsed)
