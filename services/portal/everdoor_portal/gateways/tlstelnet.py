"""Telnet clients that speak TLS from their first byte; all else is as in `telnet`."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, ClassVar

from everdoor_portal.gateways.acceptor import Acceptor, Peer
from everdoor_portal.gateways.bounds import CLOSE_S
from everdoor_portal.gateways.certificates import Certificates
from everdoor_portal.gateways.telnet import TelnetGateway
from everdoor_portal.gateways.telnetsession import TelnetSession

HANDSHAKE_S = 10.0
"""How long a client may take to agree on how to speak."""


class TlsTelnetSession(TelnetSession):
    """One telnet client over TLS."""

    protocol_key: ClassVar[str] = "telnet/tls"

    def __init__(self, gateway: TelnetGateway, peer: Peer) -> None:
        super().__init__(gateway)
        self._peer = peer

    def _meet(self, transport: asyncio.Transport) -> None:
        self.address, self.port = self._peer
        self._arrive()


class TlsTelnetGateway(TelnetGateway):
    """Accepts telnet clients over TLS.

    Args:
        certificates: What clients are shown.
        max_at_door: Clients of one address that may be agreeing on how to speak.
    """

    def __init__(
        self, *args: Any, certificates: Certificates, max_at_door: int = 0, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._certificates = certificates
        self._max_at_door = max_at_door
        self._acceptor: Acceptor | None = None

    async def listen(self, listener: socket.socket) -> None:
        self._acceptor = Acceptor(
            self.loop, self._serve, self.proxies, self._max_at_door, self.header_s
        )
        self._acceptor.listen(listener)
        self._port = listener.getsockname()[1]
        self._beat_later()

    def info(self) -> dict[str, int]:
        return {"tls_port": self._port}

    def close(self) -> None:
        super().close()
        if self._acceptor is not None:
            self._acceptor.close()

    async def _serve(self, connection: socket.socket, peer: Peer) -> None:
        self._certificates.refresh()
        await self.loop.connect_accepted_socket(
            lambda: TlsTelnetSession(self, peer),
            connection,
            ssl=self._certificates.context,
            ssl_handshake_timeout=HANDSHAKE_S,
            ssl_shutdown_timeout=CLOSE_S,
        )
