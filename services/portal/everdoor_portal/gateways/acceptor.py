"""Accepting connections on which something comes before the protocol: a proxy's header, a
handshake.

Each connection is a task until whoever serves it has made a transport of it. How many of one
address may be at that is bounded; what is told and counted afterwards is the gateway's.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import NamedTuple

import structlog

from everdoor.addresses import Network, address_key, is_within
from everdoor_portal.gateways.proxyheader import HeaderReader, MalformedHeader, Origin

HEADER_S = 5.0
"""A proxy says whose connection it hands on at once; so long may the network between take."""

PAUSE_S = 1.0
"""How long nobody is accepted when that fails: no more files may be open, most likely."""

PEEK_BYTES = 8192
"""More than any header has."""

_log = structlog.get_logger(__name__)


class Peer(NamedTuple):
    """Where a client is: its own address, not that of a proxy."""

    address: str
    port: int


Serve = Callable[[socket.socket, Peer], Awaitable[None]]
"""Serves a connection; returns when it is no longer at the door, and has closed it if it raises
nothing. Errors of the connection (OSError, TimeoutError) are left to the acceptor."""


class Acceptor:
    """Accepts on one listening socket, which stays open when `close` is called.

    Args:
        proxies: From where connections begin with a PROXY header, which is believed.
        max_at_door: Connections of one address (/64) that may be served at once; 0: any number.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        serve: Serve,
        proxies: Collection[Network] = (),
        max_at_door: int = 0,
        header_s: float = HEADER_S,
    ) -> None:
        self._loop = loop
        self._serve = serve
        self._proxies = proxies
        self._max_at_door = max_at_door
        self._header_s = header_s
        self._at_door: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: socket.socket | None = None
        self._pause: asyncio.TimerHandle | None = None

    def listen(self, listener: socket.socket) -> None:
        """Accept from now on."""
        listener.setblocking(False)
        self._listener = listener
        self._loop.add_reader(listener, self._accept)

    def close(self) -> None:
        """Accept no more; who is at the door is let go. Idempotent."""
        if self._pause is not None:
            self._pause.cancel()
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener = None
        for task in self._tasks:
            task.cancel()

    def _accept(self) -> None:
        assert self._listener is not None, "called while it listens"
        try:
            connection, (address, port, *_) = self._listener.accept()
        except BlockingIOError:
            return  # another portal was faster
        except OSError as exc:
            _log.warning("connection not accepted", error=str(exc))
            self._loop.remove_reader(self._listener)
            self._pause = self._loop.call_later(PAUSE_S, self.listen, self._listener)
            return
        connection.setblocking(False)
        peer = Peer(address.removeprefix("::ffff:"), port)
        task = self._loop.create_task(self._attend(connection, peer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, connection: socket.socket, peer: Peer) -> None:
        try:
            if is_within(peer.address, self._proxies):
                peer = await self._told_by_proxy(connection, peer)
            await self._serve_counted(connection, peer)
        except MalformedHeader as exc:
            _log.warning("proxy refused", peer=peer.address, reason=str(exc))
            connection.close()
        except (OSError, TimeoutError, asyncio.CancelledError) as exc:
            _log.debug("client gone at the door", peer=peer.address, error=repr(exc))
            connection.close()
        except Exception:
            _log.exception("client lost at the door", peer=peer.address)
            connection.close()

    async def _serve_counted(self, connection: socket.socket, peer: Peer) -> None:
        counted = address_key(peer.address)
        if 0 < self._max_at_door <= self._at_door[counted]:
            _log.info("client refused", peer=peer.address, reason="too many at the door")
            connection.close()
            return
        self._at_door[counted] += 1
        try:
            await self._serve(connection, peer)
        finally:
            self._at_door[counted] -= 1
            if not self._at_door[counted]:
                del self._at_door[counted]

    async def _told_by_proxy(self, connection: socket.socket, proxy: Peer) -> Peer:
        try:
            async with asyncio.timeout(self._header_s):
                origin = await self._read_header(connection)
        except TimeoutError:
            raise MalformedHeader("expected a PROXY header, none came") from None
        return Peer(origin.address, origin.port) if origin.address else proxy

    async def _read_header(self, connection: socket.socket) -> Origin:
        """Read the header and not a byte behind it: that is the protocol's."""
        reader = HeaderReader()
        while True:
            await self._readable(connection)
            data = connection.recv(PEEK_BYTES, socket.MSG_PEEK)
            if not data:
                raise MalformedHeader("expected a PROXY header, the connection ended")
            origin = reader.receive_data(data)
            connection.recv(len(data) - (len(origin.rest) if origin else 0))
            if origin is not None:
                return origin

    async def _readable(self, connection: socket.socket) -> None:
        readable = asyncio.Event()
        self._loop.add_reader(connection, readable.set)
        try:
            await readable.wait()
        finally:
            self._loop.remove_reader(connection)
