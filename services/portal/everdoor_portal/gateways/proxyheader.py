"""The header by which a proxy says whose connection it hands on: PROXY protocol, version 1 or 2.

Bytes in, an origin out; no socket. From whom a header is taken is the gateway's to decide: whoever
is believed can say any address.

Source: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, sections 2.1 and 2.2.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from everdoor.addresses import parse_address

MAX_V1_BYTES = 107
"""Longest line of version 1 with its end, as the specification has it."""

MAX_V2_BYTES = 4096
"""Longest header of version 2; certificates and the like that a proxy may add are shorter."""

_V1_START = b"PROXY "
_V2_START = b"\r\n\r\n\0\r\nQUIT\n"
_V2_FIXED = 16  # the start, version and command, family, two bytes of length

_V1_LINE = re.compile(
    r"PROXY (?:UNKNOWN(?: .*)?|TCP([46]) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4}))",
    re.ASCII,
)
_LOCAL, _PROXIED = 0x20, 0x21
_TCP4, _TCP6 = 0x11, 0x21
_WITHOUT_ADDRESS = (0x00, 0x31)  # not said, and a Unix socket's stream
_MAX_PORT = 65535


class MalformedHeader(ValueError):
    """What came is no header; the connection is not to be believed."""


class Origin(NamedTuple):
    """Where a connection comes from.

    Attributes:
        address: Of the client; empty when the proxy does not know, or speaks for itself.
        port: Of the client; 0 then.
        rest: Bytes behind the header, the client's own.
    """

    address: str
    port: int
    rest: bytes


class HeaderReader:
    """The header of one connection, until it is complete."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def receive_data(self, data: bytes) -> Origin | None:
        """Take bytes, cut anywhere; None until the header is complete. Feed nothing afterwards.

        Raises:
            MalformedHeader: It is none, or too long.
        """
        self._held += data
        held = self._held
        if held.startswith(_V1_START):
            return _read_v1(held)
        if held.startswith(_V2_START):
            return _read_v2(held)
        if not (_V1_START.startswith(held) or _V2_START.startswith(held)):
            raise MalformedHeader("expected a PROXY header, other bytes came")
        return None


def _read_v1(held: bytes) -> Origin | None:
    raw, end, rest = held[:MAX_V1_BYTES].partition(b"\r\n")
    if not end:
        if len(held) >= MAX_V1_BYTES:
            raise MalformedHeader(f"expected a PROXY line of at most {MAX_V1_BYTES} bytes")
        return None
    found = _V1_LINE.fullmatch(raw.decode("latin-1"))
    if found is None:
        raise MalformedHeader("expected a PROXY line of version 1")
    rest = held[len(raw) + len(end) :]
    if found[1] is None:
        return Origin("", 0, rest)
    _check_v1_end(found[3], found[1], found[5])
    return Origin(*_check_v1_end(found[2], found[1], found[4]), rest)


def _check_v1_end(address: str, version: str, port: str) -> tuple[str, int]:
    """Read one end of the connection, ours or the client's: both have to be sound."""
    try:
        version_come = str(ipaddress.ip_address(address).version)
    except ValueError:
        raise MalformedHeader("expected IP addresses in the PROXY line") from None
    if version_come != version or int(port) > _MAX_PORT or "%" in address:
        raise MalformedHeader("expected addresses of the family, and ports, in the PROXY line")
    return _plain(address), int(port)


def _read_v2(held: bytes) -> Origin | None:
    if len(held) < _V2_FIXED:
        return None
    command, family = held[12], held[13]
    size = _V2_FIXED + int.from_bytes(held[14:16], "big")
    if size > MAX_V2_BYTES:
        raise MalformedHeader(f"expected a PROXY header of at most {MAX_V2_BYTES} bytes")
    if command not in (_LOCAL, _PROXIED):
        raise MalformedHeader(f"expected PROXY version 2, LOCAL or PROXY, {command:#04x} came")
    if len(held) < size:
        return None
    if command == _LOCAL or family in _WITHOUT_ADDRESS:
        return Origin("", 0, held[size:])
    return Origin(*_read_v2_source(family, held[_V2_FIXED:size]), held[size:])


def _read_v2_source(family: int, body: bytes) -> tuple[str, int]:
    """Read `[source][destination][source port][destination port]`; what follows is left out."""
    if family not in (_TCP4, _TCP6):
        raise MalformedHeader(f"expected TCP over IPv4 or IPv6, family {family:#04x} came")
    width = 4 if family == _TCP4 else 16
    if len(body) < 2 * width + 4:
        raise MalformedHeader("expected two addresses and ports in the PROXY header")
    port = int.from_bytes(body[2 * width : 2 * width + 2], "big")
    return _plain(str(ipaddress.ip_address(body[:width]))), port


def _plain(address: str) -> str:
    """An address as it is counted and banned: IPv4 written as IPv6 is IPv4."""
    return str(parse_address(address))
