"""The portal's end of the stream: epochs, hello, rows acknowledged, what to do while it is away.

The uplink takes frames, clock readings and the shell's word on the socket, and says which frames
to send and when a new socket is needed. Sessions, their copies and held input are the handler's.

    AWAY ── socket connected ──► GREETING ── welcome ──► OPEN
      ▲                             │                      │
      └── disconnected, silence, a missing frame, resync ──┘      refused for good ──► EVICTED

Source: docs/protocol.md, section 4.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import TypeAlias

import structlog

from everdoor import codec
from everdoor.errors import MalformedMessage, ProtocolError, UnsupportedVersion
from everdoor.ids import NO_ROW, RowId
from everdoor.messages.stream import (
    Ack,
    Beat,
    Connected,
    Deaths,
    Disconnected,
    DownFrame,
    FlagsChanged,
    Hello,
    Input,
    Noted,
    Numbered,
    OutOfBand,
    Part,
    Refused,
    Resync,
    Row,
    ServerToPortal,
    Suspect,
    UpFrame,
    Welcome,
)
from everdoor.stream import FAR_SILENCE_S, HEARTBEAT_S, SILENCE_S, FrameReceiver, FrameSender
from everdoor_portal.sessionhandler import MAX_OUT_OF_BAND_BYTES, PortalSessionHandler

SOCKET_PATIENCE_S = 5.0
"""How long a socket may take to connect before another is tried: a server that comes back greets
within milliseconds, and a new socket costs nothing."""

FAR_SOCKET_PATIENCE_S = 10.0
"""The same for one of another host: a handshake takes six round trips, and each packet may have to
be sent again; who is in the middle of it is not to begin anew."""

ADOPTION_S = 0.001
"""What the server may take for each session of a hello: three times what it takes by itself."""

RETRY_S = 1.0
"""Pause before a portal that was refused for now tries again."""

FOR_GOOD = frozenset(("stale", "buried"))
"""Refusals after which this incarnation has nothing to wait for: its clients are let go."""

INPUTS_PER_FRAME = 4096
"""Inputs that share a frame; with the longest lines it splits by size."""

FRAME_ROOM_BYTES = codec.MAX_FRAME_BYTES // 2
"""Text that one frame of inputs may hold."""

AWAY_NOTICE = "The game is restarting. What you type is kept and will be done when it is back."
BACK_NOTICE = "The game is back."
HELD_TOO_LONG = "The game could not be reached for too long; {lines} of your lines were not done."

Said: TypeAlias = Numbered | Ack | Deaths | Noted
"""What is said once an epoch is open."""

_log = structlog.get_logger(__name__)


class LinkState(enum.Enum):
    """Where the link to the server stands; transitions are drawn in the module's header."""

    AWAY = "away"
    GREETING = "greeting"
    OPEN = "open"
    EVICTED = "evicted"


class Uplink:
    """One portal's link to the server.

    The shell calls `connected` and `disconnected` as its socket does, `receive` for each frame,
    `tick` at least every HEARTBEAT_S, and after each of them sends `data_to_send()` and, when
    `wants_socket`, makes a new socket.

    Attributes:
        generation: The server's, as of its last welcome; 0 before the first.
        last: The last row that was applied.
        refusal: Why the server will not have this portal; empty when it does.

    Args:
        sessions: The portal's sessions.
        host: This machine's name.
        max_hold_s: How long clients are kept while the server is away; 0: without end.
        notice_after_s: When players are told that it is away; 0: never.
        now: Monotonic seconds.
        is_far: The server is on another host: the network between may lose and delay.
    """

    def __init__(
        self,
        sessions: PortalSessionHandler,
        host: str,
        max_hold_s: float,
        notice_after_s: float,
        now: float,
        is_far: bool = False,
    ) -> None:
        self._sessions = sessions
        self._silence_s = FAR_SILENCE_S if is_far else SILENCE_S
        self._patience_s = FAR_SOCKET_PATIENCE_S if is_far else SOCKET_PATIENCE_S
        self._host = host
        self._max_hold_s = max_hold_s
        self._notice_after_s = notice_after_s
        self._epoch = 0
        self._sender: FrameSender | None = None
        self._receiver = FrameReceiver(0)
        self._state = LinkState.AWAY
        self._away_since = now
        self._told: set[int] = set()
        self._last_heard = now
        self._last_sent = now
        self._retry_at = now
        self._give_up_at = now
        self._needs_socket = True
        self._ack_due = False
        self._noted: list[Noted] = []
        self._frames: list[bytes] = []
        self._version = codec.WIRE_VERSION
        self.generation = 0
        self.last: RowId = NO_ROW
        self.refusal = ""

    @property
    def state(self) -> LinkState:
        return self._state

    @property
    def epoch(self) -> int:
        return self._epoch

    def away_s(self, now: float) -> float:
        """For how long the server has been away; 0 when it is here."""
        return 0.0 if self._state is LinkState.OPEN else now - self._away_since

    def wants_socket(self, now: float) -> bool:
        """Whether the shell is to close its socket and connect a new one now."""
        return self._needs_socket and now >= self._retry_at and self._state is LinkState.AWAY

    # The socket.

    def socket_made(self, now: float) -> None:
        """The shell has a new socket, not yet connected."""
        self._needs_socket = False
        self._give_up_at = now + self._patience_s

    def connected(self, now: float) -> None:
        """The socket is connected: open an epoch and say hello with the copies."""
        if self._state is not LinkState.AWAY or self._needs_socket:
            return
        self._epoch += 1
        self._sender = FrameSender(self._version, self._epoch)
        self._receiver = FrameReceiver(self._epoch)
        self._state = LinkState.GREETING
        self._last_heard = now
        self._ack_due = False
        self._frames.clear()
        sessions = self._sessions
        hello = codec.encode_up_message(
            self._version,
            Hello(sessions.portal, sessions.incarnation, self._host, self.last, sessions.copies()),
        )
        for part in self._sender.parts(hello):
            k = self._sender.next()
            self._frames.append(codec.encode_up(self._version, self._epoch, k, part))
        self._last_sent = now

    def disconnected(self, now: float) -> None:
        """The socket has lost its peer: it is of no use any more."""
        self._go_away(now)

    def _go_away(self, now: float, retry_after_s: float = 0.0) -> None:
        if self._state is LinkState.EVICTED:
            return
        if self._state is LinkState.OPEN:
            self._away_since = now
        if self._state is not LinkState.AWAY:
            self._version = codec.WIRE_VERSION
        self._state = LinkState.AWAY
        self._sender = None
        self._frames.clear()
        self._needs_socket = True
        self._retry_at = max(self._retry_at, now + retry_after_s)

    # Frames in.

    def receive(self, data: bytes, now: float) -> None:
        """Take one frame from the server; what it breaks costs the epoch, never an exception."""
        try:
            self._take_frame(codec.decode_down(data), now)
        except UnsupportedVersion as exc:
            self._cannot_agree(str(exc), now)
        except ProtocolError as exc:
            _log.warning("bad frame from the server", error=str(exc), size=len(data))
            self._go_away(now, RETRY_S)

    def _take_frame(self, frame: DownFrame, now: float) -> None:
        if self._sender is None or frame.epoch not in (0, self._epoch):
            return
        if frame.k and frame.version != self._sender.version:
            raise MalformedMessage(f"a frame of version {frame.version} in an epoch of another")
        if frame.k and not self._receiver.is_next(frame.k):
            _log.warning("a frame from the server is missing", k=frame.k)
            self._go_away(now)
            return
        self._last_heard = now
        message: ServerToPortal | None = frame.message
        if isinstance(message, Refused) and message.code == "version":
            self._version_refused(frame.version, message.text, now)
            return
        if isinstance(message, Part):
            whole = self._receiver.join(message)
            message = codec.decode_down_message(whole) if whole is not None else None
        if message is not None:
            self._take(message, now)

    def _take(self, message: ServerToPortal, now: float) -> None:
        match message:
            case Row():
                self._take_row(message)
            case Welcome(generation=generation, died=died):
                self._welcomed(generation, died, now)
            case Suspect(conn=conn, seq=seq):
                self._sessions.note(conn, seq)
                self._noted.append(Noted(conn, seq))
            case Resync(reason=reason):
                _log.info("the server asks for a new epoch", reason=reason)
                self._go_away(now)
            case Refused(code=code, text=text):
                self._refused(code, text, now)
            case Beat():
                pass
            case Part():
                raise MalformedMessage("a part within parts")

    def _take_row(self, row: Row) -> None:
        if row.id > self.last:
            self._sessions.apply(row)
            self.last = row.id
        self._ack_due = True

    def _welcomed(self, generation: int, died: bool, now: float) -> None:
        if died and 0 < self.generation < generation:
            self._sessions.count_deaths(of_ours=generation == self.generation + 1)
        self._sessions.forget_noted()
        self._noted.clear()
        self.generation = generation
        self.refusal = ""
        self._state = LinkState.OPEN
        lines = self._sessions.deaths()
        for i in range(0, len(lines), INPUTS_PER_FRAME):
            self._send([Deaths(lines[i : i + INPUTS_PER_FRAME])], now)
        for inputs in _in_frames(list(self._sessions.held())):
            self._send(inputs, now)
        self._sessions.announce_away(False, BACK_NOTICE, self._told)
        self._told.clear()

    def _refused(self, code: str, text: str, now: float) -> None:
        _log.warning("the server refuses this portal", code=code, reason=text)
        self.refusal = text
        self._go_away(now, RETRY_S)
        if code in FOR_GOOD:
            self._state = LinkState.EVICTED

    def _version_refused(self, highest: int, text: str, now: float) -> None:
        """Go on in the highest version that both speak; the server's highest is its frame's."""
        was = self._version
        common = [v for v in codec.SPOKEN_VERSIONS if v <= highest and v < was]
        if not common:
            self._cannot_agree(text, now)
            return
        self._go_away(now)
        self._version = max(common)
        _log.info("the server is of an earlier release", version=self._version)

    def _cannot_agree(self, text: str, now: float) -> None:
        """Wait for a server of another release; it is told once, however often it is tried."""
        if text != self.refusal:
            _log.error("the server speaks another version", error=text)
        self.refusal = text
        self._go_away(now, RETRY_S)

    # Frames out.

    def data_to_send(self, now: float) -> list[bytes]:
        """All frames that are due, new inputs and acknowledgement in one."""
        if self._state is LinkState.OPEN:
            messages: list[Said] = [*self._noted, *self._sessions.take_outgoing()]
            self._noted.clear()
            if self._ack_due:
                self._ack_due = False
                messages.append(Ack(self.last))
            for frame in _in_frames(messages):
                self._send(frame, now)
        frames, self._frames = self._frames, []
        return frames

    def tick(self, now: float) -> None:
        """Do what time asks for: heartbeat, silence noticed, players told or let go."""
        if self._state in (LinkState.OPEN, LinkState.GREETING):
            if now - self._last_heard > self._allowed_silence_s():
                _log.warning("the server is silent", seconds=round(now - self._last_heard, 1))
                self._go_away(now)
            elif now - self._last_sent >= HEARTBEAT_S:
                self._send([], now)
        elif self._state is LinkState.AWAY and now >= self._give_up_at:
            self._needs_socket = True
        away_s = self.away_s(now)
        if 0 < self._notice_after_s < away_s:
            # Not once for all: others connect while it is away.
            untold = {session.key.conn for session in self._sessions} - self._told
            self._sessions.announce_away(True, AWAY_NOTICE, untold)
            self._told |= untold
        if 0 < self._max_hold_s < away_s:
            self._let_go()

    def _allowed_silence_s(self) -> float:
        """A server that takes over many sessions says nothing before it has them all."""
        if self._state is LinkState.GREETING:
            return self._silence_s + ADOPTION_S * len(self._sessions)
        return self._silence_s

    def _let_go(self) -> None:
        for session in self._sessions:
            lines = sum(isinstance(message, Input) for message in session.held)
            self._sessions.drop(session, HELD_TOO_LONG.format(lines=lines))

    def _send(self, messages: list[Said], now: float) -> None:
        sender = self._sender
        if sender is not None:
            frame = UpFrame(sender.version, sender.epoch, sender.next(), [*messages])
            self._frames.append(codec.encode_up_frame(frame))
            self._last_sent = now


def _in_frames(messages: list[Said]) -> Iterator[list[Said]]:
    """Cut messages into pieces that fit a frame each."""
    piece: list[Said] = []
    size = 0
    for message in messages:
        cost = _most_bytes(message)
        if piece and (size + cost > FRAME_ROOM_BYTES or len(piece) == INPUTS_PER_FRAME):
            yield piece
            piece, size = [], 0
        piece.append(message)
        size += cost
    if piece:
        yield piece


def _most_bytes(message: Said) -> int:
    """No message takes more, encoded."""
    match message:
        case Input(text=text):
            return 4 * len(text) + 256
        case OutOfBand():
            return MAX_OUT_OF_BAND_BYTES
        case Connected() | Disconnected() | FlagsChanged():
            return len(codec.encode(message))
        case _:
            return 256
