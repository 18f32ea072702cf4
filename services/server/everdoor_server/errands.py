"""What is run though nobody has typed it, each to its end or to where it waits.

Lines of objects that nobody controls, and the rest of scripts that wait. They have no session, so
nobody is told when one fails: that is logged. What comes after a wait ends with the server.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from everdoor.errors import UserError
from everdoor.ids import SessionKey
from everdoor.messages.callmessage import CallKey
from everdoor_server.acts import Act, report
from everdoor_server.waits import Ask, Call, Pause, Running, Waiting, next_request

NOBODY = "Nobody is there to answer."
"""What a line that asks for another one is told, when no session has typed it."""


class Errand:
    """One of them, while it waits.

    Attributes:
        key: Names it for auth, as that of a session does a line; no portal has the empty id.
        calls: How many times it has waited.
    """

    __slots__ = ("calls", "key", "running", "who")

    def __init__(self, who: str, key: SessionKey, running: Running) -> None:
        self.who = who
        self.key = key
        self.running = running
        self.calls = 0


class Errands:
    """All of one generation.

    Args:
        generation: Which it is.
        ids: Numbers for waits.
    """

    def __init__(self, generation: int, ids: Iterator[int]) -> None:
        self._generation = generation
        self._ids = ids
        self._acts: deque[Act] = deque()
        self._begun = 0
        self._waiting: dict[int, Errand] = {}
        self._waits: list[Waiting] = []
        self._answered: dict[SessionKey, int] = {}

    def __bool__(self) -> bool:
        """Whether one has still to begin."""
        return bool(self._acts)

    def add(self, acts: Iterable[Act]) -> None:
        """Have something be run."""
        self._acts.extend(acts)

    def clear(self) -> None:
        """Forget what has not begun."""
        self._acts.clear()

    def begin_next(self) -> None:
        """Run the next one to its end, or to where it waits."""
        act = self._acts.popleft()
        try:
            running = act.begin()
        except Exception as error:
            report(act.who, error)
            return
        if running is not None:
            self._begun += 1
            key = SessionKey("", self._generation, self._begun)
            self._drive(Errand(act.who, key, running))

    def is_waiting(self, wait_id: int) -> bool:
        return wait_id in self._waiting

    def go_on(self, wait_id: int, answer: Any, error: Exception | None) -> None:
        """Let one go on with what it has waited for."""
        self._drive(self._waiting.pop(wait_id), answer, error)

    def take_waits(self) -> list[Waiting]:
        """What they have begun to wait for since the last call."""
        waits, self._waits = self._waits, []
        return waits

    def take_answered(self) -> dict[SessionKey, int]:
        """Those that are over, for auth, as lines that are complete."""
        answered, self._answered = self._answered, {}
        return answered

    def _drive(self, errand: Errand, answer: Any = None, error: Exception | None = None) -> None:
        running = errand.running
        try:
            request = next_request(running, answer, error)
            while isinstance(request, Ask):
                request = next_request(running, None, UserError(NOBODY))
        except StopIteration:
            self._end(errand)
        except Exception as exc:
            report(errand.who, exc)
            self._end(errand)
        else:
            self._wait(errand, request)

    def _wait(self, errand: Errand, request: Call | Pause) -> None:
        errand.calls += 1
        wait_id = next(self._ids)
        self._waiting[wait_id] = errand
        self._waits.append(Waiting(wait_id, CallKey(errand.key, 1, errand.calls), request))

    def _end(self, errand: Errand) -> None:
        if errand.calls:
            self._answered[errand.key] = 1
