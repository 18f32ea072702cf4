"""Who may open a WebSocket and what it is to speak: origin, sub-protocol, address behind proxies.

Source: RFC 6455, 4.2.2 and 10.2; RFC 6454, 7; X-Forwarded-For as proxies write it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from urllib.parse import urlsplit

from everdoor.addresses import Network, is_within, parse_address
from everdoor_portal.web.codecs import Codec
from everdoor_portal.web.evennia import EvenniaCodec
from everdoor_portal.web.everdoor import EverdoorCodec
from everdoor_portal.web.mudstandards import GmcpCodec, JsonCodec, TerminalCodec

CODECS: tuple[type[Codec], ...] = (
    EverdoorCodec,
    JsonCodec,
    GmcpCodec,
    TerminalCodec,
    EvenniaCodec,
)
"""All sub-protocols, what can do most first: of those that a client offers, the first is taken."""

DEFAULT_CODEC: type[Codec] = EvenniaCodec
"""Of clients that offer none, or none that we know: theirs never had a name."""

ANY_ORIGIN = "*"

_DEFAULT_PORTS = {"http": 80, "https": 443}


def choose(offered: Iterable[str]) -> type[Codec] | None:
    """The codec for what a client offers; None: it offers nothing that we speak."""
    names = set(offered)
    return next((codec for codec in CODECS if codec.name in names), None)


def is_origin_allowed(origin: str | None, host: str | None, allowed: Collection[str]) -> bool:
    """Whether a page of an origin may open a WebSocket to us.

    Args:
        origin: As the browser says it; None: it is no browser.
        host: The host header: pages of the same host and port may.
        allowed: Other origins that may, such as `https://game.example`; `*`: all.
    """
    if origin is None or ANY_ORIGIN in allowed:
        return True
    asked = _place(origin)
    if asked is None:
        return False
    if any(_place(each) == asked for each in allowed):
        return True
    return host is not None and asked == _place(f"{asked[0]}://{host}")


def client_address(peer: str, forwarded: Sequence[str], proxies: Collection[Network]) -> str:
    """Where a client is: its peer, or what a proxy that is believed says; of several proxies in a
    row, the last address that is none of theirs.

    Args:
        peer: The other end of the connection.
        forwarded: Values of X-Forwarded-For, as they came.
        proxies: Whom to believe.
    """
    address = peer
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    while hops and is_within(address, proxies):
        parsed = parse_address(hops.pop().strip("[]"))
        if parsed is None:
            break
        address = str(parsed)
    return address


def _place(origin: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port of an origin; None: it is none, such as `null`."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    if not parts.scheme or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or _DEFAULT_PORTS.get(parts.scheme)
