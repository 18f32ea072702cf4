"""A server process: the cores of the product in the order in which its shell calls them.

Where the product's shell (`everdoor_server.app`) goes through a turn at once, this one stops
between the steps, so that the process can die at each of them.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from everdoor.errors import CallRefused
from everdoor.state import AppSession
from everdoor_server.commit import Commit, OutboxRow
from everdoor_server.links import Links
from everdoor_server.restarts import Ending
from everdoor_server.sessionhandler import ServerSessionHandler
from everdoor_server.turn import Turn
from everdoor_server.waits import Call, Pause, Waiting
from simulator.auth import Auth
from simulator.checks import check_committed
from simulator.database import Database
from simulator.game import Game, RecordingCollector
from simulator.history import Event, History

HOST = "here"
"""The machine that the server runs on."""


class Phase(enum.Enum):
    """Where a server process is in its turn."""

    STARTING = "starting"
    """It has raised the generation and has read nothing yet."""
    IDLE = "idle"
    COMMITTING = "committing"


@dataclass(frozen=True)
class ServerParts:
    """The classes that a server process is made of; a test may weaken one."""

    turn: type[Turn] = Turn
    links: type[Links] = Links
    collector: type[RecordingCollector] = RecordingCollector


class Surroundings(NamedTuple):
    """What a server process finds in the world that it starts in."""

    database: Database
    auth: Auth
    history: History
    is_alive: Callable[[str, Any], bool]
    clock: Callable[[], float]
    wall_clock: Callable[[], float]
    mode: int
    grace_s: float
    resume_grace_s: float


class Asked(NamedTuple):
    """A call on its way to auth."""

    waiting: Waiting
    call: Call


class ServerProcess:
    """One generation of the server.

    Attributes:
        asked, answered: Calls on their way to auth, answers on their way back.
        asleep: Waits that end at a time.
        received: Frames of the turn that is not written yet.
        unsent: What was written and perhaps not sent.
        stops: Whether it has been told to end, and runs no more lines.
    """

    def __init__(self, around: Surroundings, parts: ServerParts) -> None:
        self.mode = around.mode
        self._around = around
        self.history = around.history
        self._parts = parts
        self.generation = around.database.raise_generation()
        self.phase = Phase.STARTING
        self.is_paused = False
        self.stops = False
        self.received: list[bytes] = []
        self.unsent: list[OutboxRow] = []
        self.asked: deque[Asked] = deque()
        self.answered: deque[tuple[int, Any]] = deque()
        self.asleep: deque[tuple[float, int]] = deque()
        self.app = AppSession("simulated", minimal=True, silent=True)
        self._steps_left = 0
        self._commit: Commit | None = None
        self._events: list[Event] = []

    # Start.

    def load(self, now: float) -> None:
        """Read what the database holds, now that nobody else can write to it."""
        around = self._around
        stored = around.database.load(self.generation)
        self.collector = self._parts.collector(self.app)
        died = stored.ended is Ending.CRASH
        self.game = Game(
            around.history, around.database.acts, around.database.rows, around.clock, died
        )
        self.game.sessions = self.sessions = ServerSessionHandler(
            self.collector, self.game, self._steady_clock(), around.mode
        )
        self.collector.journal = self.game.journal
        self.collector.by_key = self.sessions.by_key
        self.links = self._parts.links(stored, HOST, around.is_alive, around.grace_s, now, died)
        self.turn = self._parts.turn(
            self.app,
            self.game,
            self.collector,
            self.links,
            stored,
            self._elapsed,
            around.resume_grace_s,
        )
        self.phase = Phase.IDLE

    def _steady_clock(self) -> Callable[[], float]:
        """Epoch seconds that do not jump with the wall clock, as the product's worker makes."""
        began = self._around.wall_clock() - self._around.clock()
        return lambda: began + self._around.clock()

    def _elapsed(self) -> float:
        self._steps_left -= 1
        return 0.0 if self._steps_left > 0 else 1.0e9

    # The turn, step by step.

    def receive(self, routing_id: bytes, frame: bytes, now: float) -> None:
        """Take a frame.

        Raises:
            Fenced: It shows that this process was replaced.
        """
        self.received.append(frame)
        for event in self.links.receive(routing_id, frame, now):
            self.turn.receive(event)

    def run(self, steps: int) -> None:
        """Run lines, about so many; what came of them waits to be committed."""
        self._steps_left = steps + 1
        self._commit = self.turn.run(lines=not self.stops)
        if self._commit is None:
            self._after_turn()
            return
        self._events = list(self.game.journal)
        self.game.journal.clear()
        self.phase = Phase.COMMITTING

    @property
    def rows_in_hand(self) -> list[OutboxRow]:
        """Rows that no portal has been sent."""
        if self.phase is Phase.COMMITTING and self._commit is not None:
            return self._commit.rows
        return self.unsent

    def write(self) -> None:
        """Have the database write the commit; the process does not know of it yet.

        Raises:
            Fenced: Another process has taken over.
        """
        assert self._commit is not None
        self._around.database.commit(self._commit)
        self._around.history.committed(self._commit, self._events)
        check_committed(self, self._around.database)

    def written(self) -> None:
        """Learn that the commit is written."""
        assert self._commit is not None
        self.turn.committed(self._commit)
        self.phase = Phase.IDLE
        self._after_turn()

    def _after_turn(self) -> None:
        self.received.clear()
        self.unsent = self._commit.rows if self._commit is not None else []
        for waiting in self.turn.take_waits():
            match waiting.request:
                case Call() as call:
                    self.asked.append(Asked(waiting, call))
                case Pause():
                    self.asleep.append((waiting.request.seconds, waiting.id))

    # What commands wait for.

    def perform(self) -> None:
        """Auth gets the oldest call."""
        asked = self.asked.popleft()
        try:
            answer: Any = self._around.auth.perform(
                self.generation, asked.waiting.key, asked.call.call
            )
        except CallRefused as exc:
            answer = exc
        self.answered.append((asked.waiting.id, answer))

    def lose(self) -> None:
        """The oldest call does not reach auth."""
        asked = self.asked.popleft()
        self.answered.append((asked.waiting.id, CallRefused("unavailable", "not reached")))

    def lose_answer(self) -> None:
        """The oldest answer does not arrive in time."""
        wait_id, _ = self.answered.popleft()
        self.answered.append((wait_id, CallRefused("unavailable", "not reached")))

    def answer(self) -> None:
        """The oldest answer arrives."""
        wait_id, answer = self.answered.popleft()
        if isinstance(answer, Exception):
            self.turn.resume(wait_id, error=answer)
        else:
            self.turn.resume(wait_id, answer)

    def confirm(self) -> None:
        """Tell auth which answers it may forget."""
        self._around.auth.confirm(self.generation, self.turn.take_answered())

    # Time.

    def pass_time(self, seconds: float, now: float) -> None:
        """Wake who has slept enough; look who is dead."""
        if self.phase is Phase.STARTING:
            return
        self.asleep = deque((left - seconds, wait_id) for left, wait_id in self.asleep)
        while self.asleep and self.asleep[0][0] <= 0:
            self.turn.resume(self.asleep.popleft()[1])
        if self.phase is Phase.IDLE:
            self.turn.tick(now)
            for dead in self.links.find_dead(now):
                self.turn.receive(dead)
