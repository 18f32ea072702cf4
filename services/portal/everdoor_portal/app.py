"""The portal worker: sockets and timers around the portal's cores.

Joins the gateways (clients), the handler of sessions and the uplink (server) on one event loop.
It decides nothing: when a frame is due, a client is let go, or a new socket is needed, the cores
say so. Started by its supervisor (`everdoor_portal.cli`).
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from collections.abc import Collection, Mapping
from math import inf
from select import POLLIN, poll
from typing import Any, NamedTuple

import structlog

from everdoor.bans import BanList
from everdoor.bus.following import Follower, read_bans
from everdoor.bus.pubsub import Subscriber
from everdoor.bus.rpc import RpcClient
from everdoor.bus.sockets import Bus, Wire
from everdoor.digest import digest_of_copies
from everdoor.durations import in_words
from everdoor.errors import CallError
from everdoor.events import Mark, Published
from everdoor.farhosts import Surroundings
from everdoor.ids import Incarnation
from everdoor.listeners import stop_listening
from everdoor.measures import Measured
from everdoor.messages.calls import ConfirmCopies, CopiesLack
from everdoor.settings import Settings
from everdoor_portal.gateways.doors import GatewayContext, door
from everdoor_portal.inspection import Inspection
from everdoor_portal.limits import TOO_LATE, Entrance
from everdoor_portal.measured import measured
from everdoor_portal.sessionhandler import PortalSessionHandler
from everdoor_portal.telnet.mssp import SPOKEN, StatusValue
from everdoor_portal.uplink import LinkState, Uplink

TICK_S = 0.25
"""How often the uplink is told the time: twice within a heartbeat."""

FAREWELL_S = 0.5
"""How long clients are given to take the last words when the portal stops."""

CONFIRM_S = 2.0
"""How long a portal tries to confirm its copies: the server waits no longer for it."""

CONFIRM_AGAIN_S = 0.002
"""Pause until the row that was missing is likely here."""

NOT_LET_IN = "it does not know the key of this home (`everdoor keys list`)"

HANDED_OVER = "You are being taken to another door."

CLOSING = "This door is being closed. Please connect again."

ACCEPT_S, ACCEPT_AGAIN_S = 1.0, 0.001
"""How long a portal that is to leave accepts those who came before, and how often it looks whether
somebody still waits."""

LAST_S = 5.0
"""How long it then waits at most for the server to end the sessions of those it has let go."""

EVICTED = "This door was closed while it could not reach the game. Please connect again."


_log = structlog.get_logger(__name__)


class Identity(NamedTuple):
    """Who this portal is: its id, this life of it, the machine."""

    portal: str
    incarnation: Incarnation
    host: str


class Portal:
    """One portal worker.

    Args:
        identity: Given by the supervisor for this life.
        around: Where the server is, and the key with which it is reached.
        listeners: Listening sockets by the names of their doors, inherited.

    Raises:
        StartupError: A door cannot be loaded.

    Attributes:
        evicted: Set when the server will not have this incarnation any more and its clients are
            gone; the worker then leaves, to come back as a newer one.
        drained: Set when it was to end with its last client, and that has left.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        settings: Settings,
        identity: Identity,
        around: Surroundings,
        listeners: Mapping[str, socket.socket],
    ) -> None:
        self._loop = loop
        self._identity = identity
        self._system = system = around.reached
        self._key = around.curve.own.public if around.curve else ""
        self._bus = Bus(loop, around.curve)
        self.sessions = PortalSessionHandler(
            identity.portal,
            identity.incarnation,
            loop.time,
            settings.held_input_lines,
            settings.max_command_rate,
            time.time,
        )
        self.sessions.on_outgoing = self._flush_soon
        self.sessions.logs_lines = settings.log_level == "debug"
        self.uplink = Uplink(
            self.sessions,
            identity.host,
            settings.max_hold_s,
            settings.restart_notice_after_s,
            loop.time(),
            is_far=system.stream in (around.curve.services if around.curve else ()),
        )
        self._entrance = Entrance(
            self.sessions.newcomers,
            time.time,
            settings.max_connection_rate,
            settings.max_preauth_per_address,
        )
        self._login_grace_s = settings.login_grace_s
        self._servername = settings.servername
        self._started_at = int(time.time())
        self._auth = RpcClient(self._bus, system.auth_rpc, "portal")
        self._rpc = RpcClient(self._bus, system.server_rpc, "portal")
        context = GatewayContext(
            loop, loop.time, settings, self.sessions, self._entrance, self._status, self._auth
        )
        self._listeners = dict(listeners)
        self._gateways = {name: door(name).gateway(context) for name in listeners}
        self._confirming: asyncio.Task[None] | None = None
        self._wire: Wire[bytes] | None = None
        self._sockets_made = 0
        self._unsent: deque[bytes] = deque()
        self._flush_is_due = False
        self._timer: asyncio.TimerHandle | None = None
        self.evicted = asyncio.Event()
        self.drained = asyncio.Event()
        self._has_returns = settings.resume_grace_s > 0
        self._ends_at: float | None = None
        self._is_closed = False

    async def start(self) -> None:
        """Connect to the server and accept clients; neither waits for the other."""
        self._news = Subscriber(
            self._bus, self._system.server_events, self._heard, topic="server.restarting"
        )
        self._inspection = Inspection(
            self._bus,
            self._system.portal(self._identity.portal),
            self.sessions,
            self._identity.host,
            lambda: self.uplink.state is LinkState.OPEN,
        )
        self._bans = Follower(self._bus, self._system.auth_events, ("ban",), self._take_bans)
        self._tick()
        for name, gateway in self._gateways.items():
            await gateway.listen(self._listeners[name])

    async def stop(self, reason: str) -> None:
        """Accept no more clients, tell those who are here, close."""
        self._close_doors()
        self.sessions.let_all_go(reason)
        await asyncio.sleep(FAREWELL_S)
        if self._timer is not None:
            self._timer.cancel()
        self._bans.close()
        self._bus.close()

    def drain(self, within_s: float | None, own: Collection[str]) -> None:
        """Take no more clients, and be `drained` when all have left: those who come back by
        themselves are sent away at once, others let go after `within_s` (None: never).

        Args:
            own: Names of the listening sockets that no other portal has.
        """
        now, is_new = self._loop.time(), self._ends_at is None
        if within_s is not None or is_new:
            self._ends_at = inf if within_s is None else now + within_s
        if is_new:
            self._leave_the_ports(own, now + ACCEPT_S)

    def _leave_the_ports(self, own: Collection[str], until: float) -> None:
        """Let other portals have whoever comes, once those who came before are accepted."""
        if self._is_closed:
            return
        waiting = poll()
        for listener in self._listeners.values():
            waiting.register(listener, POLLIN)
        if waiting.poll(0) and self._loop.time() < until:
            self._loop.call_later(ACCEPT_AGAIN_S, self._leave_the_ports, own, until)
            return
        for name in own:
            stop_listening(self._listeners[name].fileno())
        self._close_doors()

    def _leave_when_empty(self) -> None:
        if self._ends_at is None or not self._is_closed:
            return
        now, sessions = self._loop.time(), self.sessions
        is_over = now >= self._ends_at
        for session in sessions:
            if not (self._has_returns and session.send_away(HANDED_OVER)) and is_over:
                sessions.part_with(session, CLOSING)
        is_empty = not len(sessions) and not len(sessions.newcomers)
        if is_empty or now >= self._ends_at + LAST_S:
            self.drained.set()

    def measured(self) -> Measured:
        """What is measured of this portal."""
        return measured(self.sessions, self.uplink, self._entrance)

    def _close_doors(self) -> None:
        self._is_closed = True
        for gateway in self._gateways.values():
            gateway.close()

    def info(self) -> dict[str, Any]:
        """What `everdoor status` says of this worker."""
        return {
            "id": self._identity.portal,
            "incarnation": self._identity.incarnation.number,
            "sessions": len(self.sessions),
            "link": self.uplink.state.value,
            "refusal": self.uplink.refusal,
            **self._doors_info(),
        }

    def _doors_info(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for gateway in self._gateways.values():
            found |= gateway.info()
        return found

    def _status(self) -> dict[str, StatusValue]:
        """What is said to who lists games; of the players, those of this portal."""
        return {
            "NAME": self._servername,
            "PLAYERS": self.sessions.count_logged_in(),
            "UPTIME": self._started_at,
            "CODEBASE": "Everdoor",
            "PORT": self._doors_info().get("telnet_port", 0),
            **SPOKEN,
        }

    # Planned restarts of the server.

    def _heard(self, published: Published) -> None:
        if self._confirming is None or self._confirming.done():
            self._confirming = self._loop.create_task(self._confirm_copies())

    async def _confirm_copies(self) -> None:
        """Tell the server what this portal holds, until it says that nothing is missing."""
        end = self._loop.time() + CONFIRM_S
        while self._loop.time() < end:
            copies = self.sessions.copies_held()
            call = ConfirmCopies(
                self._identity.portal,
                self._identity.incarnation,
                self.uplink.last,
                len(copies),
                digest_of_copies(copies),
            )
            try:
                answer = await self._rpc.call(call, deadline_s=CONFIRM_S)
            except CallError as exc:
                _log.warning("copies not confirmed", error=str(exc))
                return
            if not isinstance(answer, CopiesLack):
                return
            await asyncio.sleep(CONFIRM_AGAIN_S)

    # Who may be here.

    async def _take_bans(self) -> Mark:
        bans, mark = await read_bans(self._auth)
        self._entrance.bans = BanList(bans)
        return mark

    def _watch_clients(self) -> None:
        self.sessions.tick()
        self._entrance.prune(self._loop.time())
        if self._login_grace_s and self.uplink.state is LinkState.OPEN:
            grace_s = self._login_grace_s
            self.sessions.end_newcomers(grace_s, TOO_LATE.format(grace=in_words(grace_s)))

    # The link.

    def _tick(self) -> None:
        self._watch_clients()
        self._leave_when_empty()
        self.uplink.tick(self._loop.time())
        self._flush()
        self._timer = self._loop.call_later(TICK_S, self._tick)

    def _received(self, frames: list[bytes]) -> None:
        now = self._loop.time()
        for frame in frames:
            self.uplink.receive(frame, now)
        self._flush()

    def _connected(self) -> None:
        self.uplink.connected(self._loop.time())
        self._flush()

    def _disconnected(self) -> None:
        self.uplink.disconnected(self._loop.time())
        self._flush()

    def _refused(self) -> None:
        if self.uplink.refusal != NOT_LET_IN:
            _log.error("the server does not let this portal in", key=self._key)
        self.uplink.refusal = NOT_LET_IN

    def _flush_soon(self) -> None:
        """Send in this iteration of the loop, after all that is read in it: one frame for all."""
        if not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_is_due = False
        now = self._loop.time()
        if self.uplink.wants_socket(now):
            self._make_socket()
        if self.uplink.state is LinkState.EVICTED and not self.evicted.is_set():
            # Closed first, so that who can is told to come back by itself.
            self._close_doors()
            self.sessions.disconnect_all(EVICTED)
            self.evicted.set()
        self._unsent.extend(self.uplink.data_to_send(now))
        while self._unsent and self._wire is not None and self._wire.send(self._unsent[0]):
            self._unsent.popleft()

    def _make_socket(self) -> None:
        """A new socket for a new epoch: what the old one had queued must not be delivered."""
        if self._wire is not None:
            self._wire.close()
        self._unsent.clear()
        self._sockets_made += 1
        identity = self._identity
        number, nonce = identity.incarnation
        # The nonce keeps other portals from taking a socket's place at the server.
        name = f"{identity.portal}/{number}/{nonce:x}/{self._sockets_made}"
        self._wire = self._bus.dealer(
            self._system.stream,
            name.encode(),
            self._received,
            self._connected,
            self._disconnected,
            self._refused,
        )
        self.uplink.socket_made(self._loop.time())
