"""What really happened, written down beside the system under test, to judge it by.

A Journal notes what the game of one server process meant to show and do since its last commit.
The History takes a journal over when the database has committed that turn, and from then on
knows what every client must see, in which order, and which line was done by which execution.
Neither reads anything that the cores keep for themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from everdoor.ids import SessionKey
from everdoor_server.commit import Commit
from everdoor_server.driving import SKIPPED
from everdoor_server.linkdead import MISSING, NOT_RESUMED
from everdoor_server.scripts.timers import MOST_ATTEMPTS

Entry: TypeAlias = tuple[str, str]
"""One output as a client logs it: name and first argument."""


OF_RETURNS = (MISSING, NOT_RESUMED)
"""What who comes back is told of that; it is no part of a session's story."""


class Violation(BaseException):
    """An invariant does not hold. Not an Exception: the game's errors are caught by the turn."""


@dataclass(eq=False)
class Execution:
    """One run of one line, in one process; `token` names the line, `seq` is 0 when it was not
    typed but set off by another."""

    id: int
    key: SessionKey
    token: str
    seq: int


class Shown(NamedTuple):
    """An output for sessions that were present."""

    keys: tuple[SessionKey, ...]
    entry: Entry


class Ran(NamedTuple):
    """The execution has shown or changed something, or has finished."""

    execution: Execution


class Finished(NamedTuple):
    """The execution has come to its end."""

    execution: Execution


class Left(NamedTuple):
    """The hooks of a session's end have run."""

    key: SessionKey


class Remembered(NamedTuple):
    """The game has put a number into a session's `server_data`."""

    sessid: int
    number: int


class Moved(NamedTuple):
    """A session has another key: none of a connection, or that of another session, which is no
    more."""

    old: SessionKey
    new: SessionKey


class Passed(NamedTuple):
    """An input is complete without being run: servers have died of it (`is_deadly`), or its client
    has come back to a session, which needs no greeting."""

    key: SessionKey
    seq: int
    is_deadly: bool


class SetUp(NamedTuple):
    """A timer that is kept has been set, to ring so often."""

    script_id: int
    times: int


class Rang(NamedTuple):
    """A timer that is kept has rung, `time` counted from 1."""

    script_id: int
    time: int
    execution: int


class Counted(NamedTuple):
    """A timer is about to be run of which a server may have died."""

    script_id: int


class SetAside(NamedTuple):
    """A timer will not ring any more: servers have died of it."""

    script_id: int


class Complete(NamedTuple):
    """The cursor of a session has moved: its command is done, or waits and is not run again."""

    key: SessionKey
    seq: int


OfTimer: TypeAlias = SetUp | Rang | Counted | SetAside
Event: TypeAlias = Shown | Ran | Finished | Left | Remembered | Moved | Passed | Complete | OfTimer


@dataclass
class Timer:
    """What is known of a timer that is kept.

    Attributes:
        left: How often it has still to ring.
        rung: How often it has.
        counted: How often it was announced since it rang last.
    """

    left: int
    rung: int = 0
    counted: int = 0


@dataclass
class History:
    """Everything that is committed, and what clients typed.

    Attributes:
        expected: For each session what its client must see, in order.
        typed: For each session its numbered lines by seq, in order; 1 is its arrival.
        ran: For each line the execution that counts.
        noted: Lines that were announced to their portals before they were run.
        stories: For each sessid all texts that it was shown, whatever its key was, in order;
            what it was shown again is not in it again.
        may_forget: Sessids of sessions whose portal has died: their state was in its copies, and
            in the server that may die before it has buried the portal.
        timers: Those that are kept, by the id of their script.
        is_lost: The database has lost its last moments: what was promised before counts no more.
    """

    expected: defaultdict[SessionKey, list[Entry]] = field(
        default_factory=lambda: defaultdict(list)
    )
    typed: dict[SessionKey, dict[int, str]] = field(default_factory=dict)
    ran: dict[str, Execution] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    lines_run: Counter[SessionKey] = field(default_factory=Counter)
    left: set[SessionKey] = field(default_factory=set)
    memory: dict[int, int] = field(default_factory=dict)
    may_forget: set[int] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    noted: set[str] = field(default_factory=set)
    stories: defaultdict[int, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    sessids: dict[SessionKey, int] = field(default_factory=dict)
    timers: dict[int, Timer] = field(default_factory=dict)
    executions: int = 0
    is_lost: bool = False

    def execution(self, key: SessionKey, token: str, seq: int) -> Execution:
        """Begin one."""
        self.executions += 1
        return Execution(self.executions, key, token, seq)

    def committed(self, commit: Commit, journal: list[Event]) -> None:
        """Take over what a turn did, now that it is in the database."""
        if self.is_lost:
            return
        for event in journal:
            self._take(event)
        for entry in commit.present:
            self._present(entry.key, entry.sessid)

    def _take(self, event: Event) -> None:
        match event:
            case Shown(keys=keys, entry=entry):
                for key in keys:
                    self.expected[key].append(entry)
                    self._tell(key, entry)
            case Ran(execution=execution):
                self._ran(execution)
            case Finished(execution=execution):
                self._ran(execution)
                self.finished.add(execution.token)
            case Left(key=key):
                if key in self.left:
                    raise Violation(f"session {key} has left twice")
                self.left.add(key)
            case Remembered(sessid=sessid, number=number):
                self.memory[sessid] = number
            case Moved(old=old, new=new):
                if sessid := self.sessids.pop(old, 0):
                    self.sessids[new] = sessid
            case Passed(key=key, seq=seq, is_deadly=is_deadly):
                self._pass(key, seq, is_deadly)
            case Complete(key=key, seq=seq):
                self._complete(key, seq)
            case SetUp(script_id=script_id, times=times):
                self.timers[script_id] = Timer(times)
            case Rang(script_id=script_id, time=time):
                self._rang(script_id, time)
            case Counted(script_id=script_id):
                self.timers[script_id].counted += 1
            case SetAside(script_id=script_id):
                self._set_aside(script_id)

    def _rang(self, script_id: int, time: int) -> None:
        timer = self.timers[script_id]
        if time != timer.rung + 1 or not timer.left:
            raise Violation(f"timer {script_id} rings for time {time}, it is {timer}")
        timer.rung, timer.left, timer.counted = time, timer.left - 1, 0

    def _set_aside(self, script_id: int) -> None:
        timer = self.timers[script_id]
        if timer.counted < MOST_ATTEMPTS:
            raise Violation(f"timer {script_id} was set aside, it is {timer}")
        timer.left = 0

    def _complete(self, key: SessionKey, seq: int) -> None:
        """Lines that were run alone may be complete without having shown anything."""
        lines, done = list(self.typed[key]), self.lines_run[key]
        if seq in lines[done : done + 1]:
            self.lines_run[key] += 1

    def _tell(self, key: SessionKey, entry: Entry) -> None:
        story = self.stories[self.sessids.get(key, 0)]
        if entry[0] != "text" or entry[1] in OF_RETURNS or entry in story:
            return
        story.append(entry)
        if entry[1].startswith(SKIPPED.split("{")[0]):
            seq = int(entry[1].rstrip(".").rpartition("-")[2])
            self._pass(key, seq, is_deadly=True)

    def _pass(self, key: SessionKey, seq: int, is_deadly: bool) -> None:
        token = f"{key}#{seq}"
        if is_deadly and token not in self.noted:
            raise Violation(f"line {token} was not done, and it was not run alone before")
        lines, done = list(self.typed[key]), self.lines_run[key]
        if seq in lines[done : done + 1]:
            self.lines_run[key] += 1
        self.passed.add(token)

    def _ran(self, execution: Execution) -> None:
        counted = self.ran.setdefault(execution.token, execution)
        if counted is not execution:
            raise Violation(
                f"line {execution.token} was done twice, "
                f"by executions {counted.id} and {execution.id}"
            )
        if execution.seq and execution.token not in self.finished:
            self._check_order(execution)

    def _check_order(self, execution: Execution) -> None:
        key = execution.key
        lines = list(self.typed[key])
        done = self.lines_run[key]
        if done and lines[done - 1] == execution.seq:
            return
        if lines[done] != execution.seq:
            raise Violation(f"line {execution.token} was done, but {lines[done]} comes next")
        self.lines_run[key] += 1

    def _present(self, key: SessionKey, sessid: int) -> None:
        if self.sessids.setdefault(key, sessid) != sessid:
            raise Violation(f"session {key} had sessid {self.sessids[key]}, now {sessid}")
        if any(other != key and given == sessid for other, given in self.sessids.items()):
            raise Violation(f"sessid {sessid} was given to {key} and to another")

    def saw(self, key: SessionKey, log: list[Entry]) -> None:
        """Judge the last output that a client was shown."""
        if self.is_lost:
            return
        expected = self.expected[key]
        at = len(log) - 1
        if at >= len(expected):
            raise Violation(f"the client of {key} saw {log[at]}, which is not committed for it")
        if log[at] != expected[at]:
            raise Violation(f"the client of {key} saw {log[at]}, expected {expected[at]}")
