"""Bans: what may be banned, who is, and what they are told.

Auth keeps the bans; portals and the server have a list of them (docs/protocol.md, section 6.4).
Asking for it, and the clock, are theirs. Addresses are compared as numbers, so that a ban of one is
no ban of another that begins with the same digits; IPv4 written as IPv6 is IPv4.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from everdoor.addresses import parse_address, without_zone
from everdoor.durations import in_words
from everdoor.errors import UserError
from everdoor.messages.accounts import Ban, BanKind
from everdoor.names import check_name

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

EXPECTED = (
    "expected a name, an address (192.0.2.7, 2001:db8::7) or a range (192.0.2.0/24, 192.0.2.*)"
)

_IPV4_MAPPED_BITS = 96
_WILDCARD = re.compile(r"((?:\d{1,3}\.){1,3})\*(?:\.\*)*")


class Target(NamedTuple):
    """What a ban is about: an address or range in its shortest form, or a name as it is kept."""

    kind: BanKind
    text: str


def parse_target(text: str) -> Target:
    """Read what somebody wants to ban.

    Raises:
        UserError: It is neither an address, a range nor a name.
    """
    text = text.strip()
    network = _network(text)
    if network is not None:
        whole = network.prefixlen == network.max_prefixlen
        return Target("address", str(network.network_address if whole else network))
    try:
        return Target("name", check_name(text))
    except UserError as exc:
        raise UserError(f"{text!r} cannot be banned: {EXPECTED}.") from exc


def is_in_force(ban: Ban, now: float) -> bool:
    """Whether a ban has not expired; `now` in epoch seconds."""
    return ban.expires_at is None or now < ban.expires_at


def told(ban: Ban, now: float) -> str:
    """Tell who is kept out why, and for how long."""
    parts = ["You have been banned and cannot continue from here."]
    if ban.reason:
        parts.append(f"Reason: {ban.reason}")
    if ban.expires_at is not None:
        parts.append(f"The ban ends in {in_words(ban.expires_at - now)}.")
    return " ".join(parts)


class BanList:
    """All bans as of one moment; asked for every client that comes, so it is fast."""

    def __init__(self, bans: Iterable[Ban] = ()) -> None:
        self._bans = {ban.id: ban for ban in bans}
        self._accounts: dict[int, list[Ban]] = {}
        self._networks: dict[tuple[int, int], dict[int, list[Ban]]] = {}
        for ban in self._bans.values():
            self._sort_in(ban)

    def __len__(self) -> int:
        return len(self._bans)

    def __iter__(self) -> Iterator[Ban]:
        return iter(list(self._bans.values()))

    def of_address(self, address: str, now: float) -> Ban | None:
        """The ban that keeps a client's address out; None: there is none."""
        parsed = parse_address(address)
        if parsed is None:
            return None
        for (version, prefixlen), networks in self._networks.items():
            if version == parsed.version:
                number = int(parsed) >> (parsed.max_prefixlen - prefixlen)
                if (ban := _first(networks.get(number, ()), now)) is not None:
                    return ban
        return None

    def of_account(self, uid: int, now: float) -> Ban | None:
        """The ban of an account by its name; None: there is none."""
        return _first(self._accounts.get(uid, ()), now)

    def _sort_in(self, ban: Ban) -> None:
        if ban.kind == "name":
            if ban.uid is not None:
                self._accounts.setdefault(ban.uid, []).append(ban)
            return
        network = ipaddress.ip_network(ban.target)
        number = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        of_size = self._networks.setdefault((network.version, network.prefixlen), {})
        of_size.setdefault(number, []).append(ban)


def _first(bans: Iterable[Ban], now: float) -> Ban | None:
    return next((ban for ban in bans if is_in_force(ban, now)), None)


def _network(text: str) -> Network | None:
    if found := _WILDCARD.fullmatch(text):
        octets = found[1].rstrip(".").split(".")
        text = ".".join(octets + ["0"] * (4 - len(octets))) + f"/{8 * len(octets)}"
    try:
        network = ipaddress.ip_network(without_zone(text), strict=False)
    except ValueError:
        return None
    return _as_ipv4(network) if isinstance(network, ipaddress.IPv6Network) else network


def _as_ipv4(network: ipaddress.IPv6Network) -> Network:
    """IPv4 that was written as IPv6 as what it is."""
    mapped = network.network_address.ipv4_mapped
    if mapped is None or network.prefixlen < _IPV4_MAPPED_BITS:
        return network
    return ipaddress.ip_network((mapped, network.prefixlen - _IPV4_MAPPED_BITS))
