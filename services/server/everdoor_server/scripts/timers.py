"""The timers of one world, as the turn runs them: what is due, in order, a few in each turn.

A timer that was due when a server died may be what it has died of. Before such a timer is run
again, that is counted in a commit of its own: first for many at once, then, when the server has
died again, for each alone, and it runs alone. One of which three servers have died in a row is set
aside. The first death is not counted: that a timer is still due after a crash shows it, so that in
usual times no commit is spent on counting.

What timers do is theirs (`base`, `delays`); clocks are passed in.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from everdoor_server.rows import TimerRow
from everdoor_server.scripts.schedule import Schedule

MOST_AT_ONCE = 50
"""So many timers are counted by one commit."""

MOST_ATTEMPTS = 2
"""So often a timer is counted; with the death before these it has had three."""


class Volatile(Protocol):
    """A timer that ends with the server."""

    def fire(self) -> None: ...


class Stored(Protocol):
    """The timers that the database has, by id."""

    def fire(self, script_id: int) -> None:
        """Run it."""

    def count_attempt(self, script_id: int, attempts: int) -> None:
        """Keep how often it was announced that it is run; no code of the game is run for that."""

    def set_aside(self, script_id: int) -> None:
        """Have it never run again, without any code of the game, and say so in the log."""


Key: TypeAlias = int | Volatile
"""A stored timer by its id, or one that is not stored."""


class _Mode(enum.Enum):
    """What a turn does with timers."""

    USUAL = "usual"
    COUNTING = "counting"
    COUNTED = "counted"


class Timers:
    """What is due when, and what may be run now.

    Args:
        stored: Runs those that the database has.
        rows: What the database has.
        clock: Seconds of the world's clock (`clock`).
        died: The server before has died, and what it was running may be the cause.
    """

    def __init__(
        self, stored: Stored, rows: Iterable[TimerRow], clock: Callable[[], float], died: bool
    ) -> None:
        self._stored = stored
        self._clock = clock
        self._schedule: Schedule[Any] = Schedule()
        self._suspects: dict[int, int] = {}
        self._counted: deque[int] = deque()
        self._is_alone = False
        self._mode = _Mode.USUAL
        now = clock()
        # Who left without dying of anything may have counted one attempt that was none.
        most = MOST_ATTEMPTS if died else MOST_ATTEMPTS - 1
        for script_id, due_s, attempts in rows:
            self._schedule.set(script_id, due_s)
            if due_s <= now and (died or attempts):
                self._suspects[script_id] = min(attempts, most)

    def __len__(self) -> int:
        return len(self._schedule)

    # Setting them.

    def set(self, key: Key, due_s: float | None) -> None:
        """Have a timer be due then; None: never."""
        if due_s is None:
            self._schedule.drop(key)
        else:
            self._schedule.set(key, due_s)

    def due_of(self, key: Key) -> float | None:
        return self._schedule.due_of(key)

    # For the turn.

    def next_due(self) -> float | None:
        """Second of the world's clock at which the next one is due; None: there is none."""
        return self._schedule.next_due()

    def wait_s(self) -> float | None:
        """Seconds until a turn is needed for a timer; None: none is waited for."""
        if self._suspects or self._counted:
            return 0.0
        next_due = self._schedule.next_due()
        return None if next_due is None else max(0.0, next_due - self._clock())

    def begin_turn(self) -> bool:
        """Settle what may run in a turn.

        Returns:
            True: a timer is on trial, and nothing that players have typed may run beside it.
        """
        if self._counted:
            self._mode = _Mode.COUNTED
            return self._is_alone
        self._mode = _Mode.COUNTING if self._suspects else _Mode.USUAL
        if self._suspects:
            self._count()
        return False

    def run_next(self) -> bool:
        """Run the next timer; False when none may run in this turn any more."""
        key = self._next()
        if key is None:
            return False
        if isinstance(key, int):
            self._stored.fire(key)
        else:
            key.fire()
        return True

    def _next(self) -> Key | None:
        if self._mode is _Mode.COUNTING:
            return None
        if self._mode is _Mode.USUAL:
            return self._schedule.pop_due(self._clock())
        while self._counted:
            script_id = self._counted.popleft()
            if self._is_overdue(script_id):
                self._schedule.drop(script_id)
                return script_id
        return None

    def _count(self) -> None:
        """Announce what runs in the next turn; it is written with this one."""
        for script_id, attempts in list(self._suspects.items()):
            if not self._is_overdue(script_id):
                del self._suspects[script_id]
            elif attempts >= MOST_ATTEMPTS:
                del self._suspects[script_id]
                self._stored.set_aside(script_id)
        new = [script_id for script_id, attempts in self._suspects.items() if not attempts]
        chosen = new[:MOST_AT_ONCE] or list(self._suspects)[:1]
        self._is_alone = not new
        for script_id in chosen:
            self._stored.count_attempt(script_id, self._suspects.pop(script_id) + 1)
        self._counted.extend(chosen)

    def _is_overdue(self, script_id: int) -> bool:
        due_s = self._schedule.due_of(script_id)
        return due_s is not None and due_s <= self._clock()
