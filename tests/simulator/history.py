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

Entry: TypeAlias = tuple[str, str]
"""One output as a client logs it: name and first argument."""


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

    key: SessionKey
    number: int


Event: TypeAlias = Shown | Ran | Finished | Left | Remembered


@dataclass
class History:
    """Everything that is committed, and what clients typed.

    Attributes:
        expected: For each session what its client must see, in order.
        typed: For each session its numbered lines by seq, in order; 1 is its arrival.
        ran: For each line the execution that counts.
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
    memory: dict[SessionKey, int] = field(default_factory=dict)
    sessids: dict[SessionKey, int] = field(default_factory=dict)
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
            case Ran(execution=execution):
                self._ran(execution)
            case Finished(execution=execution):
                self._ran(execution)
                self.finished.add(execution.token)
            case Left(key=key):
                if key in self.left:
                    raise Violation(f"session {key} has left twice")
                self.left.add(key)
            case Remembered(key=key, number=number):
                self.memory[key] = number

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
