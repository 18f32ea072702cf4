"""A whole system in memory, moved by one action at a time.

World owns the clock, the processes and what lies between them. Everything that can happen is a
method; what happens when, is decided by a schedule (`simulator.actions`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from everdoor import codec
from everdoor.errors import Fenced
from everdoor.ids import Incarnation
from everdoor_portal.uplink import LinkState
from simulator.auth import Auth
from simulator.clients import Client
from simulator.database import Database
from simulator.history import History
from simulator.lines import Mid
from simulator.network import Crossings, Wire, count_crossed, count_row, count_up
from simulator.portalprocess import PortalParts, PortalProcess
from simulator.serverprocess import HOST, Phase, ServerParts, ServerProcess, Surroundings

PORTAL_HOSTS = (HOST, HOST, "elsewhere")
"""Machines of the portals, by index: only on its own can the server see who lives."""

ALL = 10**6


class Setup(NamedTuple):
    """What a world is like before anything happens."""

    portals: int = 2
    mode: int = 2
    held_lines: int = 0
    max_hold_s: float = 300.0
    grace_s: float = 30.0
    narrow: bool = False
    resume_grace_s: float = 0.0


@dataclass(frozen=True)
class Parts:
    """The classes that processes are made of; a test may weaken one."""

    server: ServerParts = ServerParts()
    portal: PortalParts = PortalParts()
    process: type[ServerProcess] = ServerProcess
    database: type[Database] = Database
    auth: type[Auth] = Auth


@dataclass
class Clocks:
    """Monotonic seconds, and what the wall says."""

    now: float = 1000.0
    wall: float = 1.0e9

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.wall += seconds


@dataclass
class World:
    """One system and its surroundings.

    Attributes:
        servers: Server processes that have not died, oldest first.
        portals: Portal processes that have not died.
        crossings: Which fault crossed which message, counted.
    """

    setup: Setup = Setup()
    parts: Parts = Parts()
    crossings: Crossings = field(default_factory=Crossings)
    clocks: Clocks = field(default_factory=Clocks)
    history: History = field(default_factory=History)
    servers: list[ServerProcess] = field(default_factory=list)
    portals: list[PortalProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = self.parts.database()
        self._around = Surroundings(
            self.database,
            self.parts.auth(),
            self.history,
            self._is_alive,
            lambda: self.clocks.now,
            lambda: self.clocks.wall,
            self.setup.mode,
            self.setup.grace_s,
            self.setup.resume_grace_s,
        )
        self._lives = [0] * self.setup.portals
        self.gone: list[Wire] = []
        self.tokens = 0
        self.dead_portals: list[PortalProcess] = []
        for index in range(self.setup.portals):
            self.start_portal(index)
        self.start_server()

    def _is_alive(self, portal: str, incarnation: Incarnation) -> bool:
        return any(p.id == portal and p.incarnation == incarnation for p in self.portals)

    # Who there is.

    def newest_server(self) -> ServerProcess | None:
        """The one that the database lets write, when it has begun to serve."""
        for server in self.servers:
            if server.generation == self.database.generation and server.phase != Phase.STARTING:
                return server
        return None

    def with_token(self) -> list[Client]:
        """Everybody who has a token and has not come back with it."""
        everybody = [c for p in [*self.portals, *self.dead_portals] for c in p.everybody]
        return [client for client in everybody if client.has_token]

    def clients(self) -> list[Client]:
        """Everybody who is connected."""
        return [c for p in self.portals for c in p.clients() if not c.ended_by]

    def wires(self) -> Iterator[Wire]:
        for portal in self.portals:
            if portal.wire is not None:
                yield portal.wire
            yield from portal.old_wires
        yield from self.gone

    def _wires_of(self, server: ServerProcess) -> list[Wire]:
        return [wire for wire in self.wires() if wire.server is server]

    # Starting and dying.

    def start_server(self) -> None:
        """Start a server; one that is there already is replaced."""
        self.servers.append(self.parts.process(self._around, self.parts.server))

    def load(self, server: ServerProcess) -> None:
        if server.phase is Phase.STARTING:
            server.load(self.clocks.now)

    def start_portal(self, index: int) -> None:
        """Start a new life of a portal's id, whether or not an older one still lives."""
        self._lives[index] += 1
        incarnation = Incarnation(self._lives[index] * 10 + index, 7)
        name = (f"p{index}", incarnation, PORTAL_HOSTS[index % len(PORTAL_HOSTS)])
        setup = self.setup
        self.portals.append(
            PortalProcess(
                name,
                self.parts.portal,
                lambda: self.clocks.now,
                setup.held_lines,
                setup.max_hold_s,
            )
        )

    def kill_server(
        self, server: ServerProcess, step: str, first: int = 0, lost: int = ALL
    ) -> None:
        """It is gone at once; so is part of what was under way."""
        self.servers.remove(server)
        wires = self._wires_of(server)
        self.count(step, wires)
        count_up(self.crossings, step, server.received)
        for row in server.rows_in_hand:
            count_row(self.crossings, step, codec.decode_row(row.body))
        for wire in wires:
            wire.cut(first, lost)
        self._forget_old_wires()

    def kill_portal(self, portal: PortalProcess) -> None:
        """It is gone at once; what it has sent may still arrive."""
        self.portals.remove(portal)
        self.dead_portals.append(portal)
        self.history.may_forget.update(session.sessid for session in portal.sessions)
        portal.die()
        wires = [wire for wire in (portal.wire, *portal.old_wires) if wire is not None]
        self.count("portal dies", wires)
        for wire in wires:
            wire.down.clear()
        self.gone += [wire for wire in wires if wire.server is not None]

    def _forget_old_wires(self) -> None:
        for portal in self.portals:
            portal.old_wires = [wire for wire in portal.old_wires if wire.server is not None]
        self.gone = [wire for wire in self.gone if wire.server is not None]

    def count(self, where: str, wires: list[Wire]) -> None:
        """Count what is under way on some wires while a fault happens."""
        count_crossed(self.crossings, where, wires)

    def lose_moments(self, before: Database) -> None:
        """The database's machine loses power: it is what it was before, but for the generation,
        which is written to last; the portals go on."""
        for server in list(self.servers):
            self.kill_server(server, "power is lost")
        generation = self.database.generation
        vars(self.database).update(vars(before))
        self.database.generation = generation
        self.history.is_lost = True
        self._around.auth.begin_anew()

    # The network.

    def connect(self, portal: PortalProcess, server: ServerProcess) -> None:
        """Connect a portal's socket, if it has one that is not."""
        wire = portal.wire
        if wire is None or wire.server is not None or server.phase is Phase.STARTING:
            return
        if not (wire.up_is_blocked or wire.down_is_blocked or server.is_paused):
            wire.connect(server)

    def deliver_up(self, wire: Wire, most: int) -> None:
        """Frames reach the server, which takes each at once."""
        for _ in range(min(most, len(wire.up))):
            server = wire.server
            if server is None or not self._serves(server) or wire.up_is_blocked:
                return
            try:
                server.receive(wire.routing_id, wire.up.popleft(), self.clocks.now)
            except Fenced:
                self.kill_server(server, "fenced by a portal")

    def deliver_down(self, portal: PortalProcess, most: int) -> None:
        """Frames reach a portal."""
        wire = portal.wire
        if wire is None or wire.down_is_blocked:
            return
        for _ in range(min(most, len(wire.down))):
            portal.receive()
            noted = [session for session in portal.sessions if session.noted]
            self.history.noted.update(f"{s.key}#{s.noted}" for s in noted)
        portal.flush()

    def deliver_late(self, number: int) -> None:
        """A frame of a socket that is closed reaches the server after all."""
        wires = [w for p in self.portals for w in p.old_wires] + self.gone
        if wires:
            self.deliver_up(wires[number % len(wires)], 1)

    def _serves(self, server: ServerProcess) -> bool:
        return server.phase is Phase.IDLE and not server.is_paused

    def send(self, server: ServerProcess, most: int = ALL) -> None:
        """The server sends what is due, or only the first of it."""
        if most == ALL:
            server.unsent = []
        for routing_id, frame in server.links.data_to_send(self.clocks.now)[:most]:
            for wire in self._wires_of(server):
                if wire.routing_id == routing_id:
                    if any(p.wire is wire for p in self.portals):
                        wire.down.append(frame)
                    break
            else:
                server.links.lost(routing_id)

    # A server's turn.

    def run(self, server: ServerProcess, steps: int = ALL) -> None:
        if self._serves(server):
            try:
                server.run(steps)
            except Mid:
                self.kill_server(server, "while a line runs")

    def write(self, server: ServerProcess) -> bool:
        """Commit; False when the server was fenced and is gone."""
        try:
            server.write()
        except Fenced:
            self.kill_server(server, "fenced by the database")
            return False
        return True

    def commit(self, server: ServerProcess) -> None:
        if server.phase is Phase.COMMITTING and not server.is_paused and self.write(server):
            server.written()

    def turn(self, server: ServerProcess, steps: int = ALL) -> None:
        """A turn from its first line to its last frame."""
        self.run(server, steps)
        if server in self.servers:
            self.commit(server)
        if server in self.servers and self._serves(server):
            self.send(server)

    # All together.

    def pass_time(self, seconds: float) -> None:
        self.clocks.pass_time(seconds)
        for server in self.servers:
            if not server.is_paused:
                server.pass_time(seconds, self.clocks.now)
        for portal in self.portals:
            portal.pass_time()
        for portal in [p for p in self.portals if p.uplink.state is LinkState.EVICTED]:
            self.kill_portal(portal)

    def sweep(self) -> None:
        """Everybody does what can be done, once, in order."""
        for server in list(self.servers):
            if not server.is_paused:
                self.load(server)
        for portal in list(self.portals):
            self._sweep_portal(portal)
        for server in list(self.servers):
            if not server.is_paused and server.phase is not Phase.STARTING:
                self._sweep_server(server)
        for portal in self.portals:
            self.deliver_down(portal, ALL)

    def _sweep_portal(self, portal: PortalProcess) -> None:
        portal.flush()
        for server in reversed(self.servers):
            self.connect(portal, server)
        while portal.wire is not None and portal.wire.events:
            portal.notice()
        if portal.wire is not None:
            self.deliver_up(portal.wire, ALL)

    def sweep_old_wires(self) -> None:
        """What closed sockets had sent arrives, and their connections end."""
        for wire in [w for p in self.portals for w in p.old_wires] + self.gone:
            self.deliver_up(wire, ALL)
            if not wire.up:
                wire.server = None
        self._forget_old_wires()

    def _sweep_server(self, server: ServerProcess) -> None:
        self.commit(server)
        while server in self.servers and server.asked:
            server.perform()
        while server in self.servers and server.answered:
            server.answer()
        if server in self.servers:
            self.turn(server)
        if server in self.servers and server.phase is Phase.IDLE:
            server.confirm()
