"""The SSH door: its port, and who knocks there.

Who is let in is served by `everdoor_portal.gateways.ssh`, which is loaded for the first of them:
many games never see one, and it takes a third of a second and 13 MiB.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import nullcontext
from typing import TYPE_CHECKING

import structlog

from everdoor.addresses import parse_networks
from everdoor.listeners import listen_tcp
from everdoor_portal.gateways.acceptor import Acceptor, Peer
from everdoor_portal.gateways.hostkey import ensure_host_key, host_key
from everdoor_portal.ssh.refusal import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from everdoor.settings import Settings
    from everdoor_portal.gateways.doors import GatewayContext
    from everdoor_portal.gateways.ssh import SshService

LINGER_S = 2.0
"""How long a client that is refused may take to read why."""

LINGER_BYTES = 64 * 1024
"""Of what it sends meanwhile, at once."""

_log = structlog.get_logger(__name__)


class SshDoor:
    """SSH on `ssh_port`."""

    def listen(
        self, settings: Settings, workers: int
    ) -> AbstractContextManager[Sequence[socket.socket]]:
        address, port = settings.listen_address, settings.ssh_port
        if port == "off":
            return nullcontext([])
        ensure_host_key(_key_path(settings))
        return listen_tcp(settings.home, address, port, workers, "ssh_port")

    def gateway(self, context: GatewayContext) -> SshGateway:
        return SshGateway(context, host_key(_key_path(context.settings)))


class SshGateway:
    """Accepts SSH clients on a listening socket.

    Args:
        key: By which clients know this game again.
    """

    def __init__(self, context: GatewayContext, key: bytes) -> None:
        settings = context.settings
        self._context = context
        self._key = key
        self._loading: asyncio.Task[SshService] | None = None
        proxies, at_door = settings.proxy_protocol_from, settings.max_preauth_per_address
        self._acceptor = Acceptor(context.loop, self._attend, parse_networks(proxies), at_door)
        self._port = 0

    async def listen(self, listener: socket.socket) -> None:
        """Accept clients from now on. The listener stays open when `close` is called."""
        self._acceptor.listen(listener)
        self._port = listener.getsockname()[1]

    def close(self) -> None:
        """Accept no more clients; those who are here stay."""
        self._acceptor.close()

    def info(self) -> dict[str, int]:
        """The port, for `everdoor status`."""
        return {"ssh_port": self._port}

    async def _attend(self, connection: socket.socket, peer: Peer) -> None:
        entrance = self._context.entrance
        verdict = entrance.arrive(peer.address, self._context.clock())
        if verdict.wait_s and not verdict.is_refused:
            await asyncio.sleep(verdict.wait_s)
            verdict = entrance.enter(peer.address)
        if verdict.is_refused:
            await self._refuse(connection, peer, verdict.text)
            return
        service = await self._service()
        await service.serve(connection, peer)

    async def _service(self) -> SshService:
        """What serves them; one that could not be loaded is tried again for the next client."""
        if self._loading is None or (self._loading.done() and self._loading.exception()):
            self._loading = self._context.loop.create_task(self._load())
        return await asyncio.shield(self._loading)

    async def _load(self) -> SshService:
        try:
            # In a thread, or nobody else would be served meanwhile.
            service = await asyncio.to_thread(_service_class)
            return await service.make(self._context, self._key)
        except Exception:
            _log.exception("SSH cannot be served")
            raise

    async def _refuse(self, connection: socket.socket, peer: Peer, text: str) -> None:
        _log.info("client refused", peer=peer.address, reason=text)
        loop = self._context.loop
        await loop.sock_sendall(connection, refusal(text))
        connection.shutdown(socket.SHUT_WR)
        # What it sends is read, or its system would forget for the reset what it was sent.
        async with asyncio.timeout(LINGER_S):
            while await loop.sock_recv(connection, LINGER_BYTES):
                pass
        connection.close()


def _key_path(settings: Settings) -> Path:
    return settings.home / "ssh" / "host_key"


def _service_class() -> type[SshService]:
    from everdoor_portal.gateways.ssh import SshService

    return SshService


DOOR = SshDoor()
