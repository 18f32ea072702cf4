"""Accepts telnet clients on a listening socket, and gives them signs of life.

What one client says is `gateways.telnetsession`'s.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Collection, Mapping

from everdoor.addresses import Network
from everdoor_portal.gateways.bounds import CONFIRM_S, NO_LIMIT, READ_BYTES
from everdoor_portal.gateways.telnetsession import TelnetSession
from everdoor_portal.limits import Entrance
from everdoor_portal.render.renderer import Renderer
from everdoor_portal.sessionhandler import PortalSessionHandler
from everdoor_portal.telnet.encode import encode_text
from everdoor_portal.telnet.mssp import StatusValue

MAX_UNSENT_BYTES = 1024 * 1024
"""A hundred screens of text; who has not taken that is not reading."""

HEADER_S = 5.0
"""A proxy says whose connection it hands on at once; so long may the network between take."""


class TelnetGateway:
    """Accepts telnet clients on a listening socket.

    Args:
        max_chars: Longest line in characters; 0: no limit but memory's.
        entrance: Asked for every client that comes; None: all are let in.
        status: What is said of the server to who lists games (MSSP).
        keepalive_s: Seconds between two signs of life to every client; 0: none are sent.
        max_unsent_bytes: Output that a client has not taken; one that is further behind is
            disconnected. 0: no limit but memory's.

    Attributes:
        proxies: From where connections begin with a PROXY header, which is believed.
        header_s: How long a proxy may take to send it.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sessions: PortalSessionHandler,
        clock: Callable[[], float],
        max_chars: int,
        entrance: Entrance | None = None,
        status: Callable[[], Mapping[str, StatusValue]] = dict,
        keepalive_s: float = 0.0,
        max_unsent_bytes: int = MAX_UNSENT_BYTES,
    ) -> None:
        self.loop = loop
        self.sessions = sessions
        self.clock = clock
        self.max_chars = max_chars
        self.entrance = entrance or Entrance(sessions.newcomers, lambda: 0.0)
        self.proxies: Collection[Network] = ()
        self.header_s = HEADER_S
        self.status = status
        self.max_unsent_bytes = max_unsent_bytes or NO_LIMIT
        self._keepalive_s = keepalive_s
        self._watched: set[TelnetSession] = set()
        self._look: asyncio.TimerHandle | None = None
        self.buffer = memoryview(bytearray(READ_BYTES))
        self.renderer = Renderer(encode_text)
        self._server: asyncio.Server | None = None
        self._port = 0

    async def listen(self, listener: socket.socket) -> None:
        """Accept clients from now on. The listener stays open when `close` is called."""
        self._server = await self.loop.create_server(lambda: TelnetSession(self), sock=listener)
        self._port = listener.getsockname()[1]
        self._beat_later()

    def info(self) -> dict[str, int]:
        """The port, for `everdoor status`."""
        return {"telnet_port": self._port}

    def close(self) -> None:
        """Accept no more clients; those who are here stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def watch_outputs(self, session: TelnetSession) -> None:
        """Have the server know what a client has that may come back, about once a second."""
        self._watched.add(session)
        if self._look is None:
            self._look = self.loop.call_later(CONFIRM_S, self._confirm_outputs)

    def _confirm_outputs(self) -> None:
        self._watched = {session for session in self._watched if session.confirm_outputs()}
        again = self.loop.call_later(CONFIRM_S, self._confirm_outputs) if self._watched else None
        self._look = again

    def keep_alive(self) -> None:
        """Give every client a sign of life."""
        for session in self.sessions:
            if isinstance(session, TelnetSession) and session.has_client:
                if session.is_of(self):
                    session.keep_alive()

    def _beat_later(self) -> None:
        if self._keepalive_s:
            self.loop.call_later(self._keepalive_s, self._beat_now)

    def _beat_now(self) -> None:
        self.keep_alive()
        self._beat_later()
