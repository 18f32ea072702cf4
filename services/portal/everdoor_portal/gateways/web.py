"""Accepts browsers and WebSocket clients on a listening socket, and asks them for signs of life.

What one connection says is `gateways.websession`'s.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from everdoor_portal.gateways.acceptor import Acceptor, Peer
from everdoor_portal.gateways.bounds import CLOSE_S, NO_LIMIT, READ_BYTES
from everdoor_portal.gateways.certificates import Certificates
from everdoor_portal.gateways.websession import OPENING_S, WebSession
from everdoor_portal.limits import Entrance
from everdoor_portal.render.renderer import Renderer
from everdoor_portal.sessionhandler import PortalSessionHandler
from everdoor_portal.web.connection import WebRules
from everdoor_portal.web.handshake import CODECS

PING_S = 20.0
"""Time between two pings: proxies forget connections that are quiet for a minute."""


class WebGateway:
    """Accepts browsers and WebSocket clients on a listening socket.

    Args:
        entrance: Asked for every WebSocket client that comes.
        max_unsent_bytes: Output that a client has not taken; one that is further behind is
            disconnected. 0: no limit but memory's.
        certificates: What clients are shown, who speak TLS then; None: they do not.
        max_at_door: Clients of one address that may be agreeing on how to speak TLS.

    Attributes:
        clients: The WebSocket clients that are connected.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sessions: PortalSessionHandler,
        clock: Callable[[], float],
        rules: WebRules,
        entrance: Entrance,
        max_unsent_bytes: int,
        certificates: Certificates | None = None,
        max_at_door: int = 0,
    ) -> None:
        self.loop = loop
        self.sessions = sessions
        self.clock = clock
        self.rules = rules
        self.entrance = entrance
        self.max_unsent_bytes = max_unsent_bytes or NO_LIMIT
        self.buffer = memoryview(bytearray(READ_BYTES))
        self.renderers = {
            codec.name: Renderer(codec.encode, codec.render, codec.line_end) for codec in CODECS
        }
        self.clients: set[WebSession] = set()
        self._certificates = certificates
        self._max_at_door = max_at_door
        self._server: asyncio.Server | Acceptor | None = None
        self._port = 0

    async def listen(self, listener: socket.socket) -> None:
        """Accept clients from now on. The listener stays open when `close` is called."""
        if self._certificates is None:
            self._server = await self.loop.create_server(lambda: WebSession(self), sock=listener)
        else:
            self._server = Acceptor(self.loop, self._serve_tls, max_at_door=self._max_at_door)
            self._server.listen(listener)
        self._port = listener.getsockname()[1]
        self._beat_later()

    def info(self) -> dict[str, int]:
        """The port, for `everdoor status`."""
        return {"web_port": self._port}

    def close(self) -> None:
        """Accept no more clients; those who are here stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    @property
    def is_secure(self) -> bool:
        """Whether clients speak TLS."""
        return self._certificates is not None

    async def _serve_tls(self, connection: socket.socket, peer: Peer) -> None:
        assert self._certificates is not None, "accepted for that alone"
        self._certificates.refresh()
        await self.loop.connect_accepted_socket(
            lambda: WebSession(self),
            connection,
            ssl=self._certificates.context,
            ssl_handshake_timeout=OPENING_S,
            ssl_shutdown_timeout=CLOSE_S,
        )

    def keep_alive(self) -> None:
        """Ask every client for a sign of life."""
        now = self.clock()
        for client in list(self.clients):
            client.keep_alive(now)

    def _beat_later(self) -> None:
        self.loop.call_later(PING_S, self._beat_now)

    def _beat_now(self) -> None:
        self.keep_alive()
        self._beat_later()
