"""Processes of other hosts, as those know them who let them in.

What a peer may say follows from its role, and for portals from their host: the keys themselves are
`everdoor.keys`'. Source: docs/protocol.md, section 9.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

KeyRole = Literal["auth", "server", "portal"]


class Peer(msgspec.Struct, frozen=True):
    """Somebody elsewhere who is allowed in.

    `host` is that of the portals which the key may speak for, as they name it; empty for others.
    `added` is in epoch seconds.
    """

    role: KeyRole
    key: str
    host: str
    added: float

    def speaks_for(self, portal: str, host: str) -> bool:
        """Whether this key may say hello as a portal of that id, of a machine of that name."""
        return self.role == "portal" and host == self.host and portal.startswith(f"{host}.")


def confused_with(host: str, others: Iterable[str]) -> str:
    """The first of other hosts whose portals' ids could be this host's as well; empty: none."""
    for other in others:
        shorter, longer = sorted((f"{host}.", f"{other}."), key=len)
        if other != host and longer.startswith(shorter):
            return other
    return ""
