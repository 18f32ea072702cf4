"""A player whose client speaks GMCP, logs in by `Char.Login` and comes back with its token.

It counts outputs (the module `Everdoor`): text is taken for read once the number behind it has
come, so that what a cut connection has half delivered is not in `lines`, and is shown again.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
from collections.abc import Callable
from typing import Any

from players.telnet import HOST, PATIENCE_S, NotSeen

IAC, SB, SE, DO, GMCP = b"\xff", b"\xfa", b"\xf0", b"\xfd", b"\xc9"

_PACKET = re.compile(rb"\xff\xfa\xc9((?:[^\xff]|\xff\xff)*)\xff\xf0")
_COMMAND = re.compile(
    rb"\xff(?:[\xfb-\xfe][\x00-\xff]|\xfa(?:[^\xff]|\xff[^\xf0])*\xff\xf0|[^\xfa-\xff])"
)
_CUT = re.compile(rb"\xff(?:[\xfb-\xfe]?|\xfa(?:[^\xff]|\xff[^\xf0])*\xff?)?\Z")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

Packet = tuple[str, Any]


class GmcpPlayer:
    """One client.

    Attributes:
        lines: What it has read.
        packets: What it was told besides, as (package, data).
        token, seen: With which it may come back, and the number of the last output that it has.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines: list[str] = []
        self.packets: list[Packet] = []
        self.token = ""
        self.seen = 0
        self.is_open = True
        self._half_read: list[str] = []
        self._reader = reader
        self._writer = writer
        self._unparsed = b""
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    @classmethod
    async def connect(
        cls, port: int, modules: tuple[str, ...] = ("Char.Login 2", "Everdoor 1")
    ) -> GmcpPlayer:
        """Open a connection and say what the client can."""
        player = cls(*await asyncio.open_connection(HOST, port))
        player.send_bytes(IAC + DO + GMCP)
        player.say("Core.Hello", {"client": "test", "version": "1"})
        player.say("Core.Supports.Set", list(modules))
        return player

    def send_bytes(self, data: bytes) -> None:
        self._writer.write(data)

    def type(self, line: str) -> None:
        self.send_bytes(line.encode() + b"\r\n")

    def say(self, package: str, data: Any = None) -> None:
        """Send a packet."""
        body = package if data is None else f"{package} {json.dumps(data)}"
        self.send_bytes(IAC + SB + GMCP + body.encode().replace(IAC, IAC * 2) + IAC + SE)

    async def log_in(self, account: str, password: str) -> None:
        """Log in as soon as the game says by what, and wait for the token."""
        await self.told("Char.Login.Default")
        self.say("Char.Login.Credentials", {"account": account, "password": password})
        assert await self.told("Char.Login.Result") == {"success": True}
        await self.told("Char.Login.Token")

    async def come_back(self, account: str, token: str, seen: int) -> Any:
        """Come back with a token, and say what came of it."""
        await self.told("Char.Login.Default")
        self.say("Char.Login.Reconnect", {"account": account, "token": token, "seen": seen})
        return await self.told("Char.Login.Result")

    async def told(self, package: str) -> Any:
        """Wait for a packet and take it out; return its data."""

        def found() -> Packet | None:
            return next((each for each in self.packets if each[0] == package), None)

        packet = await self._until(found, f"the packet {package}")
        self.packets.remove(packet)
        return packet[1]

    async def reads(self, text: str) -> str:
        """Wait for a line that holds a text."""

        def found() -> str | None:
            return next((line for line in self.lines if text in line), None)

        return await self._until(found, repr(text))

    async def ended(self) -> None:
        """Wait until the connection has ended."""
        await self._until(lambda: not self.is_open, "the end of the connection")

    def cut(self) -> None:
        """Reset the connection, as networks do."""
        found: socket.socket = self._writer.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def leave(self) -> None:
        """Close the connection. Idempotent."""
        self._writer.close()
        self._task.cancel()
        await asyncio.gather(self._task, self._writer.wait_closed(), return_exceptions=True)

    async def _until(self, found: Callable[[], Any], what: str) -> Any:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (value := found()):
                    self._changed.clear()
                    await self._changed.wait()
                return value
        except TimeoutError:
            told = f"{self.lines[-20:]} and {self.packets[-20:]}"
            raise NotSeen(f"{what} did not come; what came: {told}") from None

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(65536):
                self._take(data)
                self._changed.set()
        except ConnectionError:
            pass
        self.is_open = False
        self._changed.set()

    def _take(self, data: bytes) -> None:
        data = self._unparsed + data
        cut = _CUT.search(data)
        self._unparsed = data[cut.start() :] if cut else b""
        whole = data[: cut.start()] if cut else data
        position = 0
        for packet in _PACKET.finditer(whole):
            self._take_text(whole[position : packet.start()])
            self._take_packet(packet[1].replace(IAC * 2, IAC).decode())
            position = packet.end()
        self._take_text(whole[position:])

    def _take_text(self, data: bytes) -> None:
        text = _COLOUR.sub("", _COMMAND.sub(b"", data).decode(errors="replace"))
        found = [line for line in text.splitlines() if line]
        (self._half_read if self.token else self.lines).extend(found)

    def _take_packet(self, packet: str) -> None:
        package, _, body = packet.partition(" ")
        data = json.loads(body) if body else None
        if package == "Everdoor.Output":
            self.lines += self._half_read
            self._half_read.clear()
            self.seen = data["number"]
            return
        if package == "Char.Login.Token":
            self.token, self.seen = data["token"], 0
        self.packets.append((package, data))
