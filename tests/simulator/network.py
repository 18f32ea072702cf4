"""What lies between portals and servers: ordered wires that break and lose what was under way.

A wire is one DEALER socket. It delivers in order while it is connected. When the connection
breaks, any part in a row of what was under way is lost; the rest may still arrive, also over a
later connection of the same socket. A closed socket is never connected again, but what it had
sent may still arrive.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from everdoor import codec
from everdoor.messages.stream import Row

if TYPE_CHECKING:
    from simulator.serverprocess import ServerProcess

Crossings = Counter[tuple[str, str]]
"""How often a fault of one kind (where) crossed a message of one kind (what)."""


class Wire:
    """One socket of a portal.

    Attributes:
        up, down: Frames under way, oldest first.
        events: What the socket's monitor has not told the portal yet.
        server: To whom it is connected, or None.
    """

    def __init__(self, routing_id: bytes) -> None:
        self.routing_id = routing_id
        self.up: deque[bytes] = deque()
        self.down: deque[bytes] = deque()
        self.events: deque[str] = deque()
        self.server: ServerProcess | None = None
        self.up_is_blocked = False
        self.down_is_blocked = False

    def connect(self, server: ServerProcess) -> None:
        self.server = server
        self.events.append("connected")

    def cut(self, first: int, lost: int) -> None:
        """Break the connection; `lost` frames from `first` on are gone, each way."""
        if self.server is None:
            return
        self.server = None
        self.events.append("disconnected")
        for queue in (self.up, self.down):
            frames = list(queue)
            begin = first % (len(frames) + 1)
            queue.clear()
            queue.extend(frames[:begin] + frames[begin + lost :])


def count_crossed(crossings: Crossings, where: str, wires: list[Wire]) -> None:
    """Count what is under way while a fault happens."""
    for wire in wires:
        count_up(crossings, where, wire.up)
        for frame in wire.down:
            message = codec.decode_down(frame).message
            if isinstance(message, Row):
                count_row(crossings, where, message)
            else:
                crossings[where, type(message).__name__.lower()] += 1


def count_up(crossings: Crossings, where: str, frames: Iterable[bytes]) -> None:
    """Count the messages in frames to the server."""
    for frame in frames:
        messages = codec.decode_up(frame).messages
        for message in messages:
            crossings[where, type(message).__name__.lower()] += 1
        if not messages:
            crossings[where, "beat up"] += 1


def count_row(crossings: Crossings, where: str, row: Row) -> None:
    """Count the parts of a row, each as a message of its own."""
    for part in ("cursors", "changes", "outputs", "closes"):
        if getattr(row, part):
            crossings[where, f"row: {part}"] += 1
