"""All sessions of one portal: their input held until the server has done it, rows applied.

The handler numbers what clients do, keeps each input until a row says that it is complete, and
applies rows as a whole. It neither speaks to the server (`everdoor_portal.uplink`) nor to a
client's socket (`everdoor_portal.gateways`).

Source: docs/protocol.md, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from hashlib import sha256
from typing import Any

import structlog
from msgspec import structs

from everdoor import codec
from everdoor.ids import Incarnation, SessionKey
from everdoor.measures import Histogram
from everdoor.messages.stream import (
    MAX_NAME,
    Connected,
    Copy,
    Disconnected,
    FlagsChanged,
    Input,
    Numbered,
    OutOfBand,
    Output,
    Resume,
    Row,
    Seen,
    Token,
)
from everdoor.outputlog import OutputLog, Sized, sized
from everdoor.trace import trace_of
from everdoor_portal.limits import HELD_BACK, Allowance, Newcomers
from everdoor_portal.session import MAX_HELD_BYTES, PortalSession
from everdoor_portal.taps import Taps

IDLE_COMMAND = "idle"
"""A line that clients send by themselves to keep a connection open; it counts as no command."""

MAX_KEPT_IN_HELLO_BYTES = 16 * 1024 * 1024
"""Outputs that a hello brings along, of all sessions: a quarter of what it may hold."""

MAX_OUT_OF_BAND_BYTES = 16 * 1024
"""Of one thing that a client says out of band, encoded: four times what a subnegotiation holds."""

NOT_TAKEN = "{name} of your client was not taken: it may hold {most} bytes of JSON at most."

SUSPECT_DEATHS = 2
"""With so many deaths an input is run alone, and only what happens then counts."""


DOES_NOT_READ = "client does not read"
"""Why a client has left that was let go because its output was not taken."""


_log = structlog.get_logger(__name__)


class PortalSessionHandler:
    """The sessions of one incarnation of a portal, by connection number.

    Args:
        portal: Id of the portal.
        incarnation: This life of it.
        clock: Monotonic seconds.
        held_input_lines: Lines of one session held before reading pauses; 0: no bound.
        max_command_rate: Lines of one session read in a second; 0: no bound.
        wall: Epoch seconds, for who watches.

    Attributes:
        newcomers: The sessions that are not logged in.
        lines_read, outputs_shown, slow_clients: How many there have been; the last are those who
            were let go because they did not read.
        is_going_away: The portal is about to leave, which clients that may come back are told.
        taps: What operators watch.
        logs_lines: Log each line when it is read and when it is done, without its text.
        line_seconds: From reading a line to its being done; of one line of each session at a time.
    """

    def __init__(
        self,
        portal: str,
        incarnation: Incarnation,
        clock: Callable[[], float],
        held_input_lines: int = 500,
        max_command_rate: int = 0,
        wall: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.portal = portal
        self.incarnation = incarnation
        self._clock = clock
        self._held_lines = held_input_lines
        self._max_rate = max_command_rate
        self.newcomers = Newcomers()
        self._held_back: dict[int, PortalSession] = {}
        self._sessions: dict[int, PortalSession] = {}
        self._last_conn = 0
        self.lines_read = self.outputs_shown = self.slow_clients = 0
        self.line_seconds = Histogram()
        self.taps = Taps(clock, wall)
        self.logs_lines = False
        self.is_going_away = False
        self._outgoing: list[Numbered] = []
        self.on_outgoing: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[PortalSession]:
        return iter(list(self._sessions.values()))

    def get(self, conn: int) -> PortalSession | None:
        return self._sessions.get(conn)

    # From clients.

    def reserve(self, address: str) -> SessionKey:
        """Give a client its key before its session begins: who shows first who it is is a
        newcomer meanwhile. Followed by `connect` of a session with that key, or `release`."""
        self._last_conn += 1
        key = SessionKey(self.portal, self.incarnation.number, self._last_conn)
        self.newcomers.add(key.conn, address, self._clock())
        return key

    def release(self, key: SessionKey) -> None:
        """Forget a key whose session has not begun. Idempotent."""
        if key.conn not in self._sessions:
            self.newcomers.remove(key.conn)

    def connect(
        self, session: PortalSession, token: bytes = b"", seen: int = 0, ticket: bytes = b""
    ) -> None:
        """Take in a new client: it gets its key, unless it has one, and the server will hear of it.

        Args:
            token: With which it comes back to a session; empty: it does not.
            seen: Number of the last output that it has of that session.
            ticket: With which it begins logged in; empty: it does not.
        """
        if not session.key.conn:
            session.key = self.reserve(session.address)
        now = self._clock()
        session.sessionhandler = self
        session.conn_time = session.cmd_last = session.cmd_last_visible = now
        session.allowance = Allowance(self._max_rate, now)
        self._sessions[session.key.conn] = session
        self._hold(
            session,
            Connected(
                session.key.conn,
                session.next_seq,
                session.protocol_key,
                session.address,
                session.port,
                dict(session.protocol_flags),
                0.0,
                hash_of(token) if token else b"",
                seen,
                ticket,
            ),
        )

    def data_in(self, session: PortalSession, text: str) -> None:
        """Hold a line until it is complete; reading pauses when too many are held.

        Nothing happens when the client has left: `disconnected` is the last input.
        """
        if not session.has_client:
            return
        now = self._clock()
        self.lines_read += 1
        if not session.timed[0]:
            session.timed = (session.next_seq, now)
        session.cmd_last = now
        if not is_idle_line(text):
            session.cmd_last_visible = now
            session.show_input()
        if self.taps:
            self.taps.typed(session, text)
        if self.logs_lines:
            _log.debug("line read", trace=trace_of(session.sessid, session.next_seq))
        session.held_bytes += len(text)
        self._hold(session, Input(session.key.conn, session.next_seq, text, session.prompt))
        session.allowance.spend(now)
        self._hold_back(session, now)

    def oob_in(
        self, session: PortalSession, name: str, args: list[Any], options: dict[str, Any]
    ) -> None:
        """Hold what a client has said that is no line, until the input function of this name has
        taken it; it counts as a line for all limits.

        What is too large, or nothing that travels between processes, is refused and its player
        told. Nothing happens when the client has left.

        Args:
            name: As game code knows it; `telnet.outofband` makes it of what clients call it.
            args, options: Of JSON's types.
        """
        if not session.has_client:
            return
        now = self._clock()
        session.cmd_last = now
        session.allowance.spend(now)
        message = OutOfBand(session.key.conn, session.next_seq, name, args, options)
        try:
            size = len(codec.encode(message))
        except (OverflowError, RecursionError, TypeError, ValueError):
            size = MAX_OUT_OF_BAND_BYTES + 1
        if len(name) > MAX_NAME or size > MAX_OUT_OF_BAND_BYTES:
            self._tell(session, NOT_TAKEN.format(name=name[:MAX_NAME], most=MAX_OUT_OF_BAND_BYTES))
        else:
            session.held_bytes += size
            self._hold(session, message)
        self._hold_back(session, now)

    def resume(self, session: PortalSession, token: bytes, seen: int = 0) -> None:
        """Bring a client that has connected already, and has not logged in, back to a session.

        Args:
            token, seen: As for `connect`.
        """
        if session.has_client:
            session.allowance.spend(self._clock())
            conn, seq = session.key.conn, session.next_seq
            self._hold(session, Resume(conn, seq, hash_of(token), seen))

    def flags_in(self, session: PortalSession, flags: dict[str, Any]) -> None:
        """Hold what a client has newly said of itself, unless it has left."""
        if not session.has_client:
            return
        session.learn_flags(flags)
        self._hold(session, FlagsChanged(session.key.conn, session.next_seq, flags))
        self._hold_back(session, self._clock())

    def offer_token(self, session: PortalSession, token: bytes) -> None:
        """Have the server know a token; the client is given it (`send_token`) when it does.

        Args:
            token: 32 random bytes, made for this session.
        """
        if session.has_client:
            session.token = token
            self._hold(session, Token(session.key.conn, session.next_seq, hash_of(token)))

    def client_has(self, session: PortalSession, number: int) -> None:
        """Forget outputs up to a number, which the client has said that it has."""
        if session.has_client and session.output_log is not None:
            session.output_log.confirm(number)
            self._hold(session, Seen(session.key.conn, session.next_seq, number))

    def keepalive(self, session: PortalSession) -> None:
        """Stamp a sign of life that is no line; the server is not told."""
        session.cmd_last = self._clock()

    def client_left(self, session: PortalSession, reason: str, clean: bool) -> None:
        """The connection has ended; the session stays until the server closes it. Idempotent."""
        if session.has_client and session.key.conn in self._sessions:
            session.has_client = False
            self.slow_clients += reason == DOES_NOT_READ
            self.newcomers.remove(session.key.conn)
            told = reason[:MAX_NAME]
            self._hold(session, Disconnected(session.key.conn, session.next_seq, told, clean))

    def _hold(self, session: PortalSession, message: Numbered) -> None:
        session.next_seq += 1
        session.held.append(message)
        self._outgoing.append(message)
        self.on_outgoing()

    def _hold_back(self, session: PortalSession, now: float) -> None:
        """Read no more from who sends too fast, or has too much unanswered."""
        is_hasty = self._is_hasty(session, now)
        if not session.is_paused and (is_hasty or self._is_full(session)):
            session.is_paused = True
            session.pause_reading()

    def _is_full(self, session: PortalSession) -> bool:
        if session.held_bytes > MAX_HELD_BYTES:
            return True
        return 0 < self._held_lines <= len(session.held)

    def _has_room(self, session: PortalSession) -> bool:
        """Half of what made it full is done: read on, for more than a line."""
        if session.held_bytes > MAX_HELD_BYTES // 2:
            return False
        return self._held_lines == 0 or len(session.held) <= self._held_lines // 2

    def _is_hasty(self, session: PortalSession, now: float) -> bool:
        """Whether its lines come too fast; its player is told the first time."""
        if not session.allowance.is_overdrawn(now):
            return False
        self._held_back[session.key.conn] = session
        if not session.is_warned:
            session.is_warned = True
            self._tell(session, HELD_BACK.format(rate=self._max_rate))
        return True

    def _read_on(self, session: PortalSession) -> None:
        """Read on from a client that was held back, if nothing holds it back any more."""
        if session.is_paused and self._has_room(session):
            if not session.allowance.is_overdrawn(self._clock()):
                session.is_paused = False
                session.resume_reading()

    def tick(self) -> None:
        """Read on from those who have paused for long enough; a few times a second."""
        now = self._clock()
        for conn, session in list(self._held_back.items()):
            if not session.allowance.is_overdrawn(now):
                del self._held_back[conn]
                self._read_on(session)

    # To the server.

    def take_outgoing(self) -> list[Numbered]:
        """Inputs that have been held since the last call, in order."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def held(self) -> list[Numbered]:
        """All inputs that are not complete, to be sent (again) in a new epoch."""
        self._outgoing.clear()
        return [_aged(message, session, self._clock()) for session in self._sessions.values()
                for message in session.held]  # fmt: skip

    def copies(self) -> list[Copy]:
        """What a hello says of every session."""
        now = self._clock()
        room = MAX_KEPT_IN_HELLO_BYTES
        found = []
        for session in self._sessions.values():
            log = session.output_log or OutputLog()
            room -= log.size
            copy = Copy(
                session.key.conn,
                session.copy.cursor,
                session.copy.state,
                now - session.conn_time,
                now - session.cmd_last,
                now - session.cmd_last_visible,
                session.cmd_total,
                log.number,
                [output for _, output in log.beyond(0)] if room >= 0 else [],
            )
            found.append(copy)
        return found

    def copies_held(self) -> list[tuple[int, int, dict[str, Any]]]:
        """What the barrier compares: (connection, cursor, state) of every copy."""
        return [
            (session.key.conn, session.copy.cursor, session.copy.state)
            for session in self._sessions.values()
            if session.copy.state is not None
        ]

    # Lines that kill servers (docs/protocol.md, 4.12).

    def count_deaths(self, of_ours: bool) -> None:
        """The server has died: count it for the first input of each session that it was sent.

        Args:
            of_ours: It was the very server that this portal was with; only then does it count for
                a suspect, and only for one that is noted.
        """
        unsent: dict[int, int] = {}
        for message in self._outgoing:
            unsent.setdefault(message.conn, message.seq)
        for session in self._sessions.values():
            head = session.held[0].seq if session.held else 0
            if not head or head >= unsent.get(session.key.conn, head + 1):
                continue
            seq, deaths = session.deaths
            deaths = deaths if seq == head else 0
            if deaths < SUSPECT_DEATHS or (of_ours and session.noted == head):
                session.deaths = (head, deaths + 1)

    def note(self, conn: int, seq: int) -> None:
        """The server runs this input next, alone: should it die, it is of this."""
        if session := self._sessions.get(conn):
            session.noted = seq

    def forget_noted(self) -> None:
        """Another epoch has begun: nothing is run alone before it is announced again."""
        for session in self._sessions.values():
            session.noted = 0

    def deaths(self) -> list[tuple[int, int, int]]:
        """First inputs under which servers have died: (connection, seq, how many)."""
        return [
            (session.key.conn, *session.deaths)
            for session in self._sessions.values()
            if session.held and session.held[0].seq == session.deaths[0]
        ]

    # From the server.

    def apply(self, row: Row) -> None:
        """Apply a row as a whole: cursors, changes, outputs, closes."""
        shown: dict[int, PortalSession] = {}
        for conn, cursor in row.cursors:
            if session := self._sessions.get(conn):
                self._move_cursor(session, cursor)
        for conn, change in row.changes:
            if session := self._sessions.get(conn):
                self._change(session, change)
        for output in row.outputs:
            self._show(output, shown)
        for session in shown.values():
            session.flush()
        for conn, reason in row.closes:
            self._close(conn, reason)

    def _move_cursor(self, session: PortalSession, cursor: int) -> None:
        session.copy.cursor = cursor
        held = session.held
        if 0 < session.timed[0] <= cursor:
            self.line_seconds.observe(self._clock() - session.timed[1])
            session.timed = (0, 0.0)
        while held and held[0].seq <= cursor:
            message = held.pop(0)
            if isinstance(message, Input):
                if self.logs_lines:
                    _log.debug("line answered", trace=trace_of(session.sessid, message.seq))
                session.held_bytes -= len(message.text)
                session.cmd_total += not is_idle_line(message.text)
            elif isinstance(message, OutOfBand):
                session.held_bytes -= len(codec.encode(message))
        self._read_on(session)

    def _change(self, session: PortalSession, change: dict[str, Any]) -> None:
        was_logged_in, had_token = session.logged_in, session.copy.get("resume", b"")
        try:
            session.sync(change)
        except Exception:
            # A row is for all: nobody is to lose the rest of it for one.
            _log.exception("change not taken", session=str(session.key))
        if change.get("resume", had_token) != had_token:
            self._take_token(session, change["resume"])
        if change.get("is_asked") is False:
            session.show_input()
        if session.logged_in and not was_logged_in:
            session.conn_time = self._clock()
            self.newcomers.remove(session.key.conn)

    def _take_token(self, session: PortalSession, token_hash: bytes) -> None:
        """Outputs are counted from here on; a client that waits for its token gets it."""
        session.output_log = OutputLog() if token_hash else None
        if session.token and token_hash == hash_of(session.token):
            token, session.token = session.token, b""
            if session.has_client:
                session.send_token(token)

    def _show(self, output: Output, shown: dict[int, PortalSession]) -> None:
        sessions = self._sessions
        measured: Sized | None = None
        for conn in output.to:
            session = sessions.get(conn)
            if session is None:
                continue
            if session.output_log is not None:
                measured = measured or sized(output)
                session.output_log.add(measured)
            if session.has_client:
                self.outputs_shown += 1
                if self.taps:
                    self.taps.shown(session, output.name, output.args)
                try:
                    session.data_out(output.name, output.args, output.options)
                except Exception:
                    # A row is for all: nobody is to lose the rest of it for one.
                    _log.exception("output not shown", session=str(session.key), output=output.name)
                shown[conn] = session

    def _close(self, conn: int, reason: str) -> None:
        session = self._sessions.pop(conn, None)
        if session is not None:
            session.held.clear()
            self.newcomers.remove(conn)
            self._held_back.pop(conn, None)
            if session.has_client:
                session.has_client = False
                session.disconnect(reason)

    # From the portal itself.

    def announce_away(self, is_away: bool, text: str, conns: Collection[int]) -> None:
        """Tell these clients that the game is away, or here again."""
        for session in self._sessions.values():
            if session.has_client and session.key.conn in conns:
                session.at_server_away(is_away)
        self.announce(text, conns)

    def announce(self, text: str, conns: Collection[int]) -> None:
        """Show a text to these clients, from the portal: it is in no row."""
        args: list[Any] = [text]
        options: dict[str, Any] = {}
        for session in self._sessions.values():
            if session.has_client and session.key.conn in conns:
                session.data_out("text", args, options)
                session.flush()

    def drop(self, session: PortalSession, text: str) -> None:
        """Tell a client why and close its connection; the server is not told."""
        self._tell(session, text)
        self._close(session.key.conn, text)

    def let_go(self, session: PortalSession, text: str) -> None:
        """Tell a client why and close its connection; the server is told that it has left."""
        self._tell(session, text)
        self.client_left(session, text, clean=True)
        session.disconnect(text)

    def part_with(self, session: PortalSession, text: str) -> None:
        """As `let_go`; the server is told that the link is lost, so that the player can come back
        to the session."""
        self._tell(session, text)
        self.client_left(session, text, clean=False)
        session.disconnect(text)

    def let_all_go(self, text: str) -> None:
        """Tell every client why and close its connection; the server is told that they left."""
        self.is_going_away = True
        for session in self:
            self.let_go(session, text)

    def end_newcomers(self, grace_s: float, text: str) -> None:
        """Let go who has been here for so long without logging in, unless a line of theirs waits
        for the server."""
        for conn in self.newcomers.since(self._clock() - grace_s):
            session = self._sessions.get(conn)
            if session is not None and not session.held:
                self.let_go(session, text)

    def _tell(self, session: PortalSession, text: str) -> None:
        """Show a text from the portal: it is in no row."""
        if session.has_client:
            session.data_out("text", [text], {})
            session.flush()

    def disconnect_all(self, text: str) -> None:
        """Tell every client why and close its connection; the server is not told."""
        self.is_going_away = True
        for session in self:
            self.drop(session, text)

    def count_logged_in(self) -> int:
        return sum(session.logged_in for session in self._sessions.values())


def hash_of(token: bytes) -> bytes:
    """What processes say of a token instead of it."""
    return sha256(token).digest()


def is_idle_line(text: str) -> bool:
    """Whether a line is a keepalive, not something the player meant."""
    return text.strip() == IDLE_COMMAND


def _aged(message: Numbered, session: PortalSession, now: float) -> Numbered:
    """A `connected` that is sent late says how long ago it happened."""
    if isinstance(message, Connected):
        return structs.replace(message, age_s=now - session.conn_time)
    return message
