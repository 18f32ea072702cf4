"""The limit: a server that answers every line with itself, on the same bus behind a real portal.

It runs no command and stores nothing; it takes frames, moves cursors and sends one row a portal
for all that it has read at once, as the game server does. `say` is shown to everybody. Nothing
that serves a game through the same portal and bus can be faster. `python -m bench.echo`.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import uvloop

from everdoor import codec
from everdoor.bus.sockets import Addressed, Bus, Wire
from everdoor.endpoints import endpoints
from everdoor.ids import RowId
from everdoor.listeners import listen_ipc, private_folder
from everdoor.messages.stream import (
    Beat,
    Connected,
    Disconnected,
    DownFrame,
    Hello,
    Input,
    Output,
    PortalToServer,
    Row,
    ServerToPortal,
    Welcome,
)
from everdoor.settings import load_settings
from everdoor.stream import HEARTBEAT_S

GENERATION = 1


class Echo:
    """The server's end, for one portal at a time on each routing id."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._peers: dict[bytes, _Peer] = {}
        self._rows = 0
        self._wire: Wire[Addressed] | None = None

    def start(self, bus: Bus, stream: str, fd: int) -> None:
        self._wire = bus.router(stream, self._received, fd)
        self._beat()

    def _received(self, batch: list[Addressed]) -> None:
        for routing_id, data, _ in batch:
            frame = codec.decode_up(data)
            if frame.k == 1:
                self._peers[routing_id] = _Peer(frame.version, frame.epoch)
            peer = self._peers[routing_id]
            for message in frame.messages:
                if isinstance(message, Hello):
                    self._send(routing_id, peer, Welcome(GENERATION))
                else:
                    peer.take(message)
        for routing_id, peer in self._peers.items():
            if peer.cursors or peer.closes:
                self._rows += 1
                self._send(routing_id, peer, peer.take_row(RowId(GENERATION, self._rows)))

    def _send(self, routing_id: bytes, peer: _Peer, message: ServerToPortal) -> None:
        peer.k += 1
        frame = DownFrame(peer.version, peer.epoch, peer.k, message)
        assert self._wire is not None, "it has been started"
        self._wire.send(routing_id, codec.encode(frame))

    def _beat(self) -> None:
        for routing_id, peer in self._peers.items():
            self._send(routing_id, peer, Beat())
        self._loop.call_later(HEARTBEAT_S, self._beat)


class _Peer:
    """One epoch of one portal: its connections, and the row in the making."""

    def __init__(self, version: int, epoch: int) -> None:
        self.version = version
        self.epoch = epoch
        self.k = 0
        self.cursors: dict[int, int] = {}
        self.closes: list[tuple[int, str]] = []
        self._conns: dict[int, None] = {}
        self._outputs: list[Output] = []

    def take(self, message: PortalToServer) -> None:
        match message:
            case Input(conn=conn, seq=seq, text=text):
                self.cursors[conn] = seq
                to = list(self._conns) if text.startswith("say ") else [conn]
                self._outputs.append(Output(to, "text", [text], {}))
            case Connected(conn=conn, seq=seq):
                self.cursors[conn] = seq
                self._conns[conn] = None
            case Disconnected(conn=conn):
                self._conns.pop(conn, None)
                self.cursors.pop(conn, None)
                self.closes.append((conn, ""))

    def take_row(self, row_id: RowId) -> Row:
        row = Row(row_id, list(self.cursors.items()), [], self._outputs, self.closes)
        self.cursors, self._outputs, self.closes = {}, [], []
        return row


async def main() -> None:
    """Echo until SIGTERM."""
    loop = asyncio.get_running_loop()
    settings = load_settings()
    system = endpoints(settings.home, Path(tempfile.gettempdir()), os.getuid())
    private_folder(system.folder)
    with listen_ipc(system.stream) as listener:
        Echo(loop).start(Bus(loop), system.stream, listener.fileno())
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
