"""The server's end of the stream to one portal: epochs, rows not yet acknowledged, resend.

A Downlink takes frames and a clock reading and says what they hold; it keeps the rows that the
portal has not acknowledged and gives out frames within a window. It runs no command and stores
nothing: what a hello means for sessions is decided in `everdoor_server.adoption`.

Source: docs/protocol.md, section 4.
"""

from __future__ import annotations

from collections import deque

from everdoor import codec
from everdoor.ids import NO_ROW, Incarnation, RowId
from everdoor.messages.stream import Beat, Hello, Resync, ServerToPortal, Suspect, UpFrame, Welcome
from everdoor.stream import HEARTBEAT_S, FrameReceiver, FrameSender
from everdoor_server.commit import OutboxRow

WINDOW_BYTES = 8 * 1024 * 1024
"""Rows sent and not acknowledged, at most: what a portal that stalls may queue in ZeroMQ."""

WINDOW_ROWS = 500
"""And so many rows: half of what ZeroMQ queues for one peer, so that a send is never refused."""

BACKLOG_BYTES = 64 * 1024 * 1024
"""Rows kept for one portal, at most; beyond that it is given up, heard or not."""

_BEAT = codec.encode(Beat())


class Downlink:
    """One portal, as the server sees it.

    Attributes:
        portal: Its id; `incarnation` and `host` as of its last hello (or the database).
        adopted: Whether its copies have been taken over in this generation.
        acknowledged: The last row that the portal has applied.
        last_heard: Clock reading of its last frame, or of this generation's start.
        key: By which its last hello came; empty: from this machine, or there was none yet.
    """

    def __init__(self, portal: str, incarnation: Incarnation, host: str, now: float) -> None:
        self.portal = portal
        self.incarnation = incarnation
        self.host = host
        self.adopted = False
        self.acknowledged = NO_ROW
        self.last_heard = now
        self.key = ""
        self.rows: deque[OutboxRow] = deque()
        self.backlog_bytes = 0
        self._closing: set[int] = set()
        self._epoch = 0
        self._receiver: FrameReceiver | None = None
        self._sender: FrameSender | None = None
        self._next_row = 0
        self._in_flight_bytes = 0
        self._announced: list[Suspect] = []
        self._oldest = NO_ROW
        self._oldest_since = now
        self._last_sent = now

    @property
    def epoch(self) -> int:
        """The highest epoch that was accepted; 0 before the first."""
        return self._epoch

    @property
    def is_open(self) -> bool:
        """Whether rows can be sent now."""
        return self._sender is not None

    @property
    def last_row(self) -> RowId:
        """The newest row that the portal is to apply."""
        return self.rows[-1].id if self.rows else self.acknowledged

    def is_closing(self, conn: int) -> bool:
        """Whether a row that the portal may not have applied yet closes this connection."""
        return conn in self._closing

    # Rows.

    def keep(self, row: OutboxRow) -> None:
        """Take a committed row, to be sent and kept until it is acknowledged."""
        self.rows.append(row)
        self.backlog_bytes += len(row.body)
        self._closing.update(row.closes)

    def acknowledge(self, last: RowId) -> bool:
        """Forget rows up to `last`; False when there was none."""
        if last <= self.acknowledged:
            return False
        self.acknowledged = last
        while self.rows and self.rows[0].id <= last:
            self._forget_first()
        return True

    def _forget_first(self) -> None:
        row = self.rows.popleft()
        self.backlog_bytes -= len(row.body)
        self._closing.difference_update(row.closes)
        if self._next_row:
            self._next_row -= 1
            self._in_flight_bytes -= len(row.body)

    def stalled_s(self, now: float) -> float:
        """For how long the oldest row has waited to be acknowledged; 0 when none waits."""
        if not self.rows:
            return 0.0
        if self.rows[0].id != self._oldest:
            self._oldest, self._oldest_since = self.rows[0].id, now
        return now - self._oldest_since

    # Epochs.

    def open(
        self,
        hello: Hello,
        version: int,
        epoch: int,
        receiver: FrameReceiver,
        now: float,
        key: str = "",
    ) -> None:
        """Begin an epoch: rows that the portal has are forgotten, the others go out again.

        Args:
            version: In which all of the epoch is said, as the hello was.
        """
        self.incarnation = hello.incarnation
        self.host = hello.host
        self.key = key
        self.last_heard = now
        self._epoch = epoch
        self._receiver = receiver
        self._sender = FrameSender(version, epoch)
        self._announced.clear()
        self.acknowledge(hello.last)
        self._next_row = 0
        self._in_flight_bytes = 0

    def close(self) -> None:
        """End the epoch without the portal's word: nothing is sent until its next hello."""
        self._receiver = None
        self._sender = None
        self._announced.clear()
        self._next_row = 0
        self._in_flight_bytes = 0

    def accepts(self, frame: UpFrame, now: float) -> bool:
        """Check a frame of an open epoch; False when it is of no use and a resync is due."""
        if self._receiver is None or self._sender is None or frame.epoch != self._epoch:
            return False
        if frame.version != self._sender.version:
            return False
        if not self._receiver.is_next(frame.k):
            return False
        self.last_heard = now
        return True

    # Frames.

    def welcome(self, generation: int, died: bool = False) -> list[bytes]:
        """The answer to a hello; `died`: the generation before has ended without meaning to."""
        return self._say(Welcome(generation, died))

    def suspect(self, conn: int, seq: int) -> None:
        """Announce that a line of which servers may have died is run next."""
        self._announced.append(Suspect(conn, seq))

    def resync(self, reason: str) -> list[bytes]:
        """Ask for a new epoch, and send nothing more in this one."""
        frames = self._say(Resync(reason))
        self.close()
        return frames

    def data_to_send(self, now: float) -> list[bytes]:
        """Frames that are due: rows within the window, else a heartbeat when it is time."""
        if self._sender is None:
            return []
        frames: list[bytes] = []
        for suspect in self._announced:
            frames += self._say(suspect)
        self._announced.clear()
        end = min(len(self.rows), WINDOW_ROWS)
        while self._next_row < end and self._in_flight_bytes < WINDOW_BYTES:
            body = self.rows[self._next_row].body
            frames += self._frames(body)
            self._next_row += 1
            self._in_flight_bytes += len(body)
        if not frames and now - self._last_sent >= HEARTBEAT_S:
            frames = self._frames(_BEAT)
        if frames:
            self._last_sent = now
        return frames

    def _say(self, message: ServerToPortal) -> list[bytes]:
        if self._sender is None:
            return []
        return self._frames(codec.encode_said(self._sender.version, message))

    def _frames(self, message: bytes) -> list[bytes]:
        sender = self._sender
        if sender is None:
            return []
        return [
            codec.encode_down(sender.version, sender.epoch, sender.next(), part)
            for part in sender.parts(message)
        ]
