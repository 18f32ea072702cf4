"""The doors of a portal: each protocol that clients may speak, in two halves.

A supervisor opens a door's listening sockets and keeps them while workers come and go; in each
worker the door makes a gateway, which accepts on one of them. Which doors there are: `OWN`, and
whatever other packages name in the entry-point group `everdoor.protocols`. What a door speaks is
its own module's; docs/new-protocol.md tells how to write one.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Protocol

from everdoor.errors import StartupError

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from everdoor.bus.rpc import RpcClient
    from everdoor.settings import Settings
    from everdoor_portal.limits import Entrance
    from everdoor_portal.sessionhandler import PortalSessionHandler
    from everdoor_portal.telnet.mssp import StatusValue

PROTOCOLS = "everdoor.protocols"
"""Entry-point group in which packages name their doors."""

OWN = [
    EntryPoint("telnet", "everdoor_portal.gateways.telnetdoor:DOOR", PROTOCOLS),
    EntryPoint("tls", "everdoor_portal.gateways.telnetdoor:TLS_DOOR", PROTOCOLS),
    EntryPoint("ssh", "everdoor_portal.gateways.sshdoor:DOOR", PROTOCOLS),
    EntryPoint("web", "everdoor_portal.gateways.webdoor:DOOR", PROTOCOLS),
]
"""Doors that ship, in the order in which they are opened."""


@dataclass(frozen=True)
class GatewayContext:
    """What a gateway is given of its portal.

    Attributes:
        clock: Monotonic seconds, as the handler counts them.
        sessions: To which a gateway's sessions connect.
        entrance: Asked for every client that comes.
        status: What is said of the game to who lists games, by MSSP's names.
        auth: For calls to auth, as a portal.
    """

    loop: asyncio.AbstractEventLoop
    clock: Callable[[], float]
    settings: Settings
    sessions: PortalSessionHandler
    entrance: Entrance
    status: Callable[[], Mapping[str, StatusValue]]
    auth: RpcClient


class Gateway(Protocol):
    """Accepts the clients of one protocol, in one worker."""

    async def listen(self, listener: socket.socket) -> None:
        """Accept clients from now on, on a socket that the door has opened."""

    def close(self) -> None:
        """Accept no more clients; those who are here stay, and so does the socket."""

    def info(self) -> Mapping[str, int | str]:
        """What `everdoor status` says of it while it listens, such as `{"telnet_port": 4000}`."""


class Door(Protocol):
    """One protocol, as an entry point names it: the object, or a class to be called for it."""

    def listen(
        self, settings: Settings, workers: int
    ) -> AbstractContextManager[Sequence[socket.socket]]:
        """Open the listening sockets, in the supervisor.

        Returns:
            One for each worker, which may be the same; none when the door is turned off. They are
            closed at the end.

        Raises:
            StartupError: It cannot listen.
        """

    def gateway(self, context: GatewayContext) -> Gateway:
        """Make the gateway of a worker."""


def doors() -> dict[str, Door]:
    """All doors by name; those that ship come first, and none can take their names.

    Raises:
        StartupError: One of another package cannot be loaded, or has a name that is taken.
    """
    return {name: load_door(entry) for name, entry in _known().items()}


def door(name: str) -> Door:
    """One door by name.

    Raises:
        StartupError: It is not there any more, or cannot be loaded.
    """
    entry = _known().get(name)
    if entry is None:
        raise StartupError(f"protocol {name}: its package has gone; start the portal again")
    return load_door(entry)


def _known() -> dict[str, EntryPoint]:
    known = {entry.name: entry for entry in OWN}
    for entry in sorted(entry_points(group=PROTOCOLS)):
        if entry.name in known:
            raise StartupError(
                f"protocol {entry.name}: {entry.value} cannot have this name, "
                f"{known[entry.name].value} has it; rename one, or remove its package"
            )
        known[entry.name] = entry
    return known


def load_door(entry: EntryPoint) -> Door:
    """Import what an entry point names.

    Raises:
        StartupError: It cannot be imported, or is no door.
    """
    where = f"protocol {entry.name} ({entry.value})"
    try:
        loaded = entry.load()
        found: Door = loaded() if isinstance(loaded, type) else loaded
    except Exception as exc:
        # A package of somebody else: whatever is wrong with it is told in one line.
        raise StartupError(
            f"{where}: cannot be loaded: {type(exc).__name__}: {exc}; mend or remove its package"
        ) from exc
    if not callable(getattr(found, "listen", None)) or not callable(
        getattr(found, "gateway", None)
    ):
        raise StartupError(f"{where}: expected a door with `listen` and `gateway`, got {found!r}")
    return found
