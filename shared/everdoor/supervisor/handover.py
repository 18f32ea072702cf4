"""A planned change from one worker to the next: the decisions, without processes or clocks.

    LOADING ── imported ──► PARKING ── parked ──► TAKING ── taken ──► RELEASING ── released ──► STARTING
    the new one loads       the old one          the new one         the old one               the new one
                            commits and waits    takes the state     lets its sockets go       serves

Until RELEASING everything can be called off: the new worker is ended and the old one goes on. A
stop is the same without a new worker. The crew (`everdoor.supervisor.crew`) says what happened
and carries the actions out.
"""  # noqa: E501 (a drawing)

from __future__ import annotations

import enum
from typing import NamedTuple

from everdoor.messages.supervision import Go, Park, Release, Resume, Serve, ToWorker

LIMITS_S = {
    "LOADING": 60.0,
    "PARKING": 10.0,
    "TAKING": 15.0,
    "RELEASING": 5.0,
    "STARTING": 15.0,
}
"""How long each phase may take: loading a large game, a commit that is tried again for 5 s and a
barrier of 1 s, start hooks, closing sockets, portals that come back."""


class Phase(enum.Enum):
    """Where a handover stands; drawn in the module's header."""

    LOADING = "LOADING"
    PARKING = "PARKING"
    TAKING = "TAKING"
    RELEASING = "RELEASING"
    STARTING = "STARTING"
    OVER = "OVER"


class Tell(NamedTuple):
    """Send a message to the old or the new worker."""

    to_new: bool
    message: ToWorker


class End(NamedTuple):
    """End the process of the old or the new worker now."""

    new: bool


class Outcome(NamedTuple):
    """How it went: `error` is empty when it went well; `parts` are seconds by name."""

    error: str
    parts: dict[str, float]


Step = Tell | End


class Handover:
    """One change of workers.

    Attributes:
        phase: Where it stands.
        outcome: Set when it is over.
        has_switched: The new worker is the active one from now on.

    Args:
        ending: What the old worker is told it is for (reload, reset, stop).
        is_stop: There is no new worker.
    """

    def __init__(self, ending: str, is_stop: bool, now: float) -> None:
        self.ending = ending
        self.is_stop = is_stop
        self.phase = Phase.LOADING
        self.outcome: Outcome | None = None
        self.has_switched = False
        self._reason = ""
        self._has_old = True
        self._parts: dict[str, float] = {}
        self._parking_at = now
        self._parked_at = now
        self._ready_at = now
        self._limit = self._due = now
        self._enter(Phase.LOADING, now)

    @property
    def due(self) -> float:
        """When `tick` must be called."""
        return self._due

    def begin_stop(self, now: float) -> list[Step]:
        """For a stop: nothing is loaded first."""
        return self._park(now)

    # What happens.

    def imported(self, now: float) -> list[Step]:
        """The new worker has loaded everything."""
        return self._park(now) if self.phase is Phase.LOADING else []

    def parked(self, parts: dict[str, float], now: float) -> list[Step]:
        """The old worker has committed its last turn, and portals hold what it holds."""
        if self.phase is not Phase.PARKING:
            return []
        self._parts = dict(parts)
        self._parked_at = now
        if self.is_stop:
            return self._release(now)
        self._enter(Phase.TAKING, now)
        return [Tell(True, Go(hold=True))]

    def taken(self, now: float) -> list[Step]:
        """The new worker has the state, and waits to serve."""
        if self.phase is not Phase.TAKING:
            return []
        return self._release(now) if self._has_old else self._start(now)

    def released(self, now: float) -> list[Step]:
        """The old worker has let its sockets go."""
        if self.phase is not Phase.RELEASING or self.is_stop:
            return []
        return self._start(now)

    def ready(self, now: float) -> None:
        """The new worker serves."""
        self._ready_at = now

    def settled(self, now: float) -> None:
        """Portals are back with the new worker."""
        if self.phase is Phase.STARTING:
            parts = self._parts
            parts["switch"] = self._ready_at - self._parked_at
            parts["replay"] = now - self._ready_at
            parts["silence"] = now - self._parking_at
            self._finish("")

    def refused(self, reason: str) -> None:
        """The new worker says why it ends."""
        self._reason = reason

    def new_ended(self, now: float) -> list[Step]:
        """The new worker's process has ended."""
        was, error = self.phase, self._reason or "the new worker ended without a word"
        self._finish(error)
        return [Tell(False, Resume())] if was in (Phase.PARKING, Phase.TAKING) else []

    def old_ended(self, now: float) -> list[Step]:
        """The old worker's process has ended, as asked or not."""
        self._has_old = False
        if self.is_stop:
            self._finish("")
        elif self.phase in (Phase.LOADING, Phase.PARKING):
            self.has_switched = True
            self._finish("the server ended by itself meanwhile; it comes back with the new code")
        elif self.phase is Phase.RELEASING:
            return self._start(now)
        return []

    def tick(self, now: float) -> list[Step]:
        """Give up on a phase that takes too long."""
        if self.phase is Phase.OVER or now < self._due:
            return []
        was, error = self.phase, f"{self.phase.name.lower()} took longer than {self._limit:g} s"
        if was is Phase.RELEASING or (self.is_stop and was is Phase.PARKING):
            self._due = now + self._limit
            return [End(new=False)]
        self._finish(error)
        if was is Phase.STARTING:
            return []
        steps: list[Step] = [End(new=True)]
        return steps if was is Phase.LOADING else [*steps, Tell(False, Resume())]

    # Phases.

    def _park(self, now: float) -> list[Step]:
        self._parking_at = now
        self._enter(Phase.PARKING, now)
        return [Tell(False, Park(self.ending))]

    def _release(self, now: float) -> list[Step]:
        self._enter(Phase.RELEASING, now)
        return [Tell(False, Release())]

    def _start(self, now: float) -> list[Step]:
        self.has_switched = True
        self._enter(Phase.STARTING, now)
        return [Tell(True, Serve())]

    def _enter(self, phase: Phase, now: float) -> None:
        self.phase = phase
        self._limit = LIMITS_S[phase.name]
        self._due = now + self._limit

    def _finish(self, error: str) -> None:
        self.phase = Phase.OVER
        self.outcome = Outcome(error, self._parts)
