"""A portal process: the cores of the product and the sockets that its shell would make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from everdoor.ids import Incarnation
from everdoor_portal.sessionhandler import PortalSessionHandler
from everdoor_portal.uplink import LinkState, Uplink
from simulator.clients import EVICTED, Client
from simulator.history import History
from simulator.network import Wire


@dataclass(frozen=True)
class PortalParts:
    """The classes that a portal process is made of; a test may weaken one."""

    uplink: type[Uplink] = Uplink
    sessions: type[PortalSessionHandler] = PortalSessionHandler


class PortalProcess:
    """One incarnation of a portal.

    Attributes:
        wire: Its present socket, if it has made one.
        old_wires: Closed sockets whose last frames may still arrive.
    """

    def __init__(
        self,
        name: tuple[str, Incarnation, str],
        parts: PortalParts,
        clock: Callable[[], float],
        held_lines: int,
        max_hold_s: float,
    ) -> None:
        self.id, self.incarnation, self.host = name
        self._clock = clock
        self.sessions = parts.sessions(self.id, self.incarnation, clock, held_lines)
        self.uplink = parts.uplink(self.sessions, self.host, max_hold_s, 2.0, clock())
        self.wire: Wire | None = None
        self.old_wires: list[Wire] = []
        self._sockets_made = 0
        self.everybody: list[Client] = []

    @property
    def name(self) -> str:
        return f"{self.id}/{self.incarnation.number}"

    def clients(self) -> list[Client]:
        """All sessions, as the clients that they are."""
        return [cast(Client, session) for session in self.sessions]

    def join(
        self, history: History, greeting: str, former: Client | None = None, is_late: bool = False
    ) -> None:
        """A client connects; the game greets it in the way that it asks for, unless it comes back
        as the client that it was, which it says at once, or when it has connected (`is_late`)."""
        client = Client(history, f"host{len(self.everybody)}")
        client.protocol_flags = {"GREETING": greeting}
        token, seen = (former.its_token, former.seen) if former is not None else (b"", 0)
        if former is not None:
            former.has_token = False
            client.former = (former.sessid, [*former.former[1], *former.reached()])
        self.sessions.connect(client, b"" if is_late else token, 0 if is_late else seen)
        history.typed[client.key] = {1: "connects"}
        if is_late:
            self.sessions.resume(client, token, seen)
        self.everybody.append(client)

    def flush(self) -> None:
        """Do what the shell does after each event: make a socket, send what is due."""
        now = self._clock()
        for client in self.clients():
            client.read_on()
        if self.uplink.wants_socket(now):
            self._make_socket()
        if self.uplink.state is LinkState.EVICTED:
            self.sessions.disconnect_all(EVICTED)
        frames = self.uplink.data_to_send(now)
        if self.wire is not None:
            self.wire.up.extend(frames)

    def _make_socket(self) -> None:
        if self.wire is not None:
            self.wire.down.clear()
            if self.wire.server is not None:
                self.old_wires.append(self.wire)
        self._sockets_made += 1
        self.wire = Wire(f"{self.name}/{self._sockets_made}".encode())
        self.uplink.socket_made(self._clock())

    def notice(self) -> None:
        """The socket's monitor tells the oldest event."""
        if self.wire is not None and self.wire.events:
            event = self.wire.events.popleft()
            if event == "connected":
                self.uplink.connected(self._clock())
            else:
                self.uplink.disconnected(self._clock())
            self.flush()

    def receive(self) -> None:
        """The oldest frame from the server arrives."""
        if self.wire is not None and self.wire.down:
            self.uplink.receive(self.wire.down.popleft(), self._clock())

    def pass_time(self) -> None:
        self.uplink.tick(self._clock())
        self.flush()

    def die(self) -> None:
        """The process is gone, and its clients' connections with it."""
        for client in self.everybody:
            client.ended_by = client.ended_by or "portal"
