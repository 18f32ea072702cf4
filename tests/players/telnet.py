"""A player on a telnet connection who records every line sent and seen.

It wants no telnet option and refuses politely what is offered (RFC 854). What is recorded is said
in `players.records`.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from players.records import Entry, Kind, Record, write

HOST = "127.0.0.1"
FAREWELL_S = 2.0
"""How long the other side may take to close a connection that has ended."""

PATIENCE_S = 60.0
"""Longest that a player waits for a line: a slow machine under load is still quicker."""

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240

_COMMAND = re.compile(
    rb"\xff(?:[\xfb-\xfe][\x00-\xff]|\xfa(?:[^\xff]|\xff[^\xf0])*\xff\xf0|[^\xfa-\xfe])"
)
_CUT = re.compile(rb"\xff(?:[\xfb-\xfe]?|\xfa(?:[^\xff]|\xff[^\xf0])*\xff?)\Z")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

Wanted = str | Callable[[str], object]


class NotSeen(AssertionError):
    """A line did not come in time, or the connection ended before it."""


class Player:
    """One client. Made by `connect`; `leave` ends it and writes the record if a folder is given."""

    def __init__(
        self,
        name: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        records: Path | None = None,
    ) -> None:
        self.name = name
        self.lines: list[str] = []
        self.is_open = True
        self._entries: list[Entry] = []
        self._records = records
        self._reader = reader
        self._writer = writer
        self._next = 0
        self._unparsed = b""
        self._unfinished = b""
        self._changed = asyncio.Event()
        self._note(Kind.OPENED)
        self._task = asyncio.create_task(self._read())

    @classmethod
    async def connect(
        cls, name: str, port: int, records: Path | None = None, host: str = HOST
    ) -> Player:
        """Open a connection."""
        reader, writer = await asyncio.open_connection(host, port)
        return cls(name, reader, writer, records)

    async def log_in(self, password: str) -> None:
        """Log in and wait until the room is shown."""
        await self.sees_screen()
        await self.log_in_now(password)

    async def log_in_now(self, password: str) -> None:
        """The same, the connection screen having been seen."""
        self.type(f"connect {self.name} {password}")
        await self.sees(lambda line: line.startswith("Exits:"))

    async def sees_screen(self) -> None:
        """Wait for the connection screen."""
        await self.sees(lambda line: "connect <name> <password>" in line)

    def type(self, line: str) -> None:
        """Send a line; nothing is sent, and nothing recorded, once the connection has ended."""
        if self.is_open:
            self._note(Kind.SENT, line)
            self._writer.write(line.encode() + b"\r\n")

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are, unrecorded."""
        self._writer.write(data)

    async def asks(self, line: str, wanted: Wanted) -> str:
        """Type a line and wait for what it brings; what came before it does not count."""
        self._next = len(self.lines)
        self.type(line)
        return await self.sees(wanted)

    async def sees(self, wanted: Wanted, within_s: float = PATIENCE_S) -> str:
        """Wait for a line that holds a text or fulfils a condition, from the last one waited for.

        Raises:
            NotSeen: It did not come.
        """
        fits = (lambda line: wanted in line) if isinstance(wanted, str) else wanted
        start = self._next
        try:
            async with asyncio.timeout(within_s):
                while True:
                    while self._next < len(self.lines):
                        self._next += 1
                        if fits(self.lines[self._next - 1]):
                            return self.lines[self._next - 1]
                    await self._change(f"waits for {wanted!r}")
        except TimeoutError:
            raise NotSeen(self._told(f"{wanted!r} in {within_s:g} s", start)) from None

    async def sees_prompt(self, wanted: str, within_s: float = PATIENCE_S) -> None:
        """Wait for a line without an end, as prompts are, that holds a text.

        Raises:
            NotSeen: It did not come.
        """
        try:
            async with asyncio.timeout(within_s):
                while wanted not in _COLOUR.sub("", self._unfinished.decode(errors="replace")):
                    await self._change(f"waits for the prompt {wanted!r}")
        except TimeoutError:
            raise NotSeen(self._told(f"the prompt {wanted!r}", self._next)) from None

    def stop_reading(self) -> None:
        """Take nothing more from the connection; it stays open."""
        self._task.cancel()
        self._writer.transport.pause_reading()

    async def closed(self, within_s: float = PATIENCE_S) -> None:
        """Wait until the other side has closed the connection."""
        try:
            async with asyncio.timeout(within_s):
                await asyncio.shield(self._task)
        except TimeoutError:
            raise NotSeen(self._told("the end of the connection", self._next)) from None

    def begin(self, thing: str = "") -> None:
        """Have everything checked from here on; `thing` is the player's own."""
        self._note(Kind.BEGAN, thing)

    def end(self) -> None:
        """Have lines checked no further."""
        self._note(Kind.ENDED)

    async def leave(self) -> None:
        """Close the connection in order and write the record. Idempotent.

        What is still under way is read to its end: closing with unread data is a reset, and whoever
        is cut off so stays in the game, link-dead.
        """
        if self.is_open:
            self._note(Kind.LEFT)
            self.is_open = False
            if not self._task.done():
                with suppress(OSError):
                    self._writer.write_eof()
                await asyncio.wait([self._task], timeout=FAREWELL_S)
        self._task.cancel()
        self._writer.close()
        await asyncio.gather(self._task, self._writer.wait_closed(), return_exceptions=True)
        if self._records is not None:
            write(self._records, self.record())

    def record(self) -> Record:
        """What has been recorded so far."""
        return Record(self.name, list(self._entries))

    def _note(self, kind: Kind, text: str = "") -> None:
        self._entries.append(Entry(time.monotonic(), kind, text))

    async def _change(self, why: str) -> None:
        if not self.is_open:
            raise NotSeen(self._told(f"the connection has ended; {why}", self._next))
        self._changed.clear()
        await self._changed.wait()

    def _told(self, what: str, start: int) -> str:
        seen = "\n  ".join(self.lines[max(0, start - 10) :][-40:])
        return f"{self.name} does not see {what}; what came:\n  {seen}"

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(65536):
                if self.is_open:
                    self._take(data)
        except ConnectionError:
            pass
        if self.is_open:
            self._note(Kind.CLOSED)
        self.is_open = False
        self._changed.set()

    def _take(self, data: bytes) -> None:
        data = self._unparsed + data
        cut = _CUT.search(data)
        self._unparsed = data[cut.start() :] if cut else b""
        text = _COMMAND.sub(self._answer, data[: cut.start()] if cut else data)
        *whole, self._unfinished = (self._unfinished + text).split(b"\n")
        for line in whole:
            shown = _COLOUR.sub("", line.rstrip(b"\r").decode(errors="replace"))
            self.lines.append(shown)
            self._note(Kind.GOT, shown)
        self._changed.set()

    def _answer(self, command: re.Match[bytes]) -> bytes:
        """Refuse an offered option; nothing of a command is text, save a doubled IAC."""
        _, verb, *rest = command[0]
        if verb in (DO, WILL):
            self._writer.write(bytes((IAC, WONT if verb == DO else DONT, *rest)))
        return bytes((IAC,)) if verb == IAC else b""
