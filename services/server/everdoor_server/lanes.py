"""The inputs of each session: what is accepted, what is complete, whose turn it is.

A lane keeps the inputs of one session in order; `Lanes` has them all, and knows which have
something to run. Running is `everdoor_server.driving`'s.

Source: docs/protocol.md, section 4.4.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import structlog

from everdoor.ids import Life, SessionKey
from everdoor.messages.stream import Connected, Input, Numbered
from everdoor.trace import trace_of
from everdoor_server.downlink import Downlink
from everdoor_server.gamerules import GameRules
from everdoor_server.session import ServerSession
from everdoor_server.waits import Running

_log = structlog.get_logger(__name__)

IDLE_COMMAND = "idle"
"""A line that clients send by themselves to keep a connection open, as Evennia's players do."""


class Lane:
    """One session's inputs.

    Attributes:
        session: None until its `connected` has run.
        accepted, cursor, seq: The last input taken in, the last complete one, the one that runs.
        running: The command that waits, if one does.
        is_asking: Whether it waits for the next line of this session.
        calls: How many times the command has waited.
        injected: Lines that were set off for this session.
        marks: What had been shown and changed when it last began or went on.
        uncounted: Inputs that have run and that the portal, by its hello, has not counted.
    """

    __slots__ = (
        "accepted",
        "calls",
        "cursor",
        "injected",
        "is_asking",
        "is_ready",
        "key",
        "marks",
        "queue",
        "running",
        "seq",
        "session",
        "uncounted",
    )

    def __init__(self, key: SessionKey, session: ServerSession | None, cursor: int) -> None:
        self.key = key
        self.session = session
        self.accepted = cursor
        self.cursor = cursor
        self.seq = cursor
        # No deques: an empty one takes 760 bytes, and most lanes are empty.
        self.queue: list[Numbered] = []
        self.is_ready = False
        self.running: Running | None = None
        self.is_asking = False
        self.calls = 0
        self.injected: list[str] = []
        self.marks = 0
        self.uncounted = range(0)

    @property
    def trace(self) -> str:
        """Names the line that runs, the same in every process and after every restart."""
        sessid = self.session.sessid if self.session else 0
        return trace_of(sessid, self.seq)

    def whole_session(self) -> ServerSession:
        """The session of a lane that has begun."""
        assert self.session is not None, "input 1 of a connection is its `connected`"
        return self.session


class Lanes:
    """All lanes of one generation, by session key."""

    def __init__(self, rules: GameRules) -> None:
        self._rules = rules
        self._lanes: dict[SessionKey, Lane] = {}
        self._ready: deque[Lane] = deque()
        self._answered: dict[SessionKey, int] = {}

    def __iter__(self) -> Iterator[Lane]:
        return iter(list(self._lanes.values()))

    def get(self, key: SessionKey) -> Lane | None:
        return self._lanes.get(key)

    def of_life(self, life: Life) -> list[Lane]:
        """The lanes of one portal's connections."""
        return [lane for key, lane in self._lanes.items() if key[:2] == life]

    def add(self, lane: Lane) -> Lane:
        self._lanes[lane.key] = lane
        return lane

    # Inputs.

    def accept(self, link: Downlink, message: Numbered) -> None:
        """Take in an input if it is the next one of its session; others are repeats."""
        key = SessionKey(link.portal, link.incarnation.number, message.conn)
        lane = self._lanes.get(key)
        if lane is None:
            if not isinstance(message, Connected) or link.is_closing(message.conn):
                return
            lane = self.add(Lane(key, None, cursor=0))
        if message.seq == lane.accepted + 1:
            lane.accepted = message.seq
            lane.queue.append(message)
            self.make_ready(lane)
        elif message.seq in lane.uncounted:
            _count(lane, message)

    def make_ready(self, lane: Lane) -> None:
        """Let a lane have its turn, if it has something to run, or to answer what waits."""
        is_free = lane.running is None or lane.is_asking
        if lane.queue and is_free and not lane.is_ready:
            lane.is_ready = True
            self._ready.append(lane)

    @property
    def has_ready(self) -> bool:
        return bool(self._ready)

    def next_ready(self) -> Lane:
        """The lane whose turn it is; only when there is one."""
        lane = self._ready.popleft()
        lane.is_ready = False
        return lane

    # Ends.

    def drop(self, lane: Lane) -> None:
        """Forget the inputs of a session that has ended, and what it waits for."""
        self._lanes.pop(lane.key, None)
        lane.queue.clear()
        if lane.running is None:
            self.answered(lane)
        else:
            # Auth may be about to answer it: only then can it forget (see `Driver.go_on`).
            self.guarded(lane, lane.running.close)
            lane.running = None
            lane.is_asking = False

    def answered(self, lane: Lane) -> None:
        """Note that auth need not keep its answers to the line of a lane, once that is
        committed."""
        self._answered[lane.key] = lane.seq

    def take_answered(self) -> dict[SessionKey, int]:
        answered, self._answered = self._answered, {}
        return answered

    def has_ended(self, lane: Lane) -> bool:
        """Whether the connection has no session any more; it may have got another one."""
        session = self._rules.sessions.by_key(lane.key)
        if session is None:
            return lane.session is not None
        lane.session = session
        return False

    # Errors of the game.

    def report(self, lane: Lane, error: Exception) -> None:
        """Tell whoever typed it that a line has raised; the game's words for that may raise too."""
        if lane.session is not None:
            try:
                self._rules.report_error(lane.session, lane.trace, error)
            except Exception:
                _log.exception("an error cannot be told", trace=lane.trace, error=repr(error))

    def guarded(self, lane: Lane, hook: Callable[[], object]) -> None:
        """Run code of the game outside a command: an error is logged and disturbs nobody."""
        try:
            hook()
        except Exception as error:
            self.report(lane, error)


def is_idle_line(text: str) -> bool:
    """Whether a line is a keepalive that clients type, not something the player meant."""
    return text.strip() == IDLE_COMMAND


def _count(lane: Lane, message: Numbered) -> None:
    """Count a line that has run and that the portal, when it said hello, had not counted."""
    lane.uncounted = range(message.seq + 1, lane.uncounted.stop)
    if isinstance(message, Input) and not is_idle_line(message.text):
        lane.whole_session().cmd_total += 1
