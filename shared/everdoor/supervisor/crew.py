"""Which workers a supervisor runs: the decisions, without processes or clocks.

Each place has one active worker and, where asked for, a standby that has loaded everything and
waits. Rules:

- A worker is told to go once it has said that everything is imported and its place is free.
- When the active one ends, the standby is promoted at once, and a new standby is started when the
  promoted one serves.
- Who keeps dying is started ever less often: at least `PAUSES_S` lie between the starts, so one
  that has served for longer is replaced at once. Having served for `SETTLED_S` makes earlier
  deaths forgotten. A standby has its own count, so that one that cannot load leaves the active
  worker alone.
- Until one worker of the process has served, an end means that the process cannot start.
- Stopping tells those who serve, ends the others, and kills whoever is left after `STOP_S`.

The caller carries the actions out and reports what happens; `everdoor.supervisor.supervisor` does.
Times are seconds of a monotonic clock.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from everdoor.messages.supervision import Go, StopWork, ToWorker

PAUSES_S = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Least seconds from a start to the next, after the first, second ... death in a row; the last
one repeats. The first is a crash like any other and must not be felt; later ones must not burn a
core."""

SETTLED_S = 30.0
"""Whoever served this long did not die of what killed the one before."""

STOP_S = 4.0
"""How long workers may take to stop: Procfile runners kill after 5 s."""

COULD_NOT_START = 3
"""Exit code of a process that could not start."""

State = Literal["up", "starting", "restarting", "down"]


class Start(NamedTuple):
    """Start a process for a place; `worker` is its number, never given twice."""

    worker: int
    place: int


class Say(NamedTuple):
    """Send a message to a worker."""

    worker: int
    message: ToWorker


class Kill(NamedTuple):
    """End a worker's process now."""

    worker: int


class Finish(NamedTuple):
    """All workers have ended: end the supervisor with this exit code."""

    code: int


Action = Start | Say | Kill | Finish


class Worker:
    """One worker process as its supervisor knows it."""

    def __init__(self, number: int, place: Place, now: float) -> None:
        self.number = number
        self.place = place
        self.since = now
        self.imported = False
        self.told_go = False
        self.ready = False


class Place:
    """One worker's place: who fills it, who waits to, and how often that has failed."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.active: Worker | None = None
        self.standby: Worker | None = None
        self.failures = 0
        self.standby_failures = 0
        self.next_active_at = 0.0
        self.next_standby_at = 0.0


class Crew:
    """All workers of one supervisor.

    Every method that takes `now` returns the actions that follow, in order. `tick` must be
    called when `due` has come; it may be called at any time.
    """

    def __init__(self, places: int, standby: bool = False) -> None:
        self.places = [Place(index) for index in range(places)]
        self.is_stopping = False
        self._has_standby = standby
        self._workers: dict[int, Worker] = {}
        self._last_number = 0
        self._has_served = False
        self._has_finished = False
        self._kill_at: float | None = None
        self._exit_code = 0

    def begin(self, now: float) -> list[Action]:
        """Start the first workers."""
        return self.tick(now)

    def imported(self, number: int, now: float) -> list[Action]:
        """A worker has loaded everything."""
        worker = self._workers[number]
        worker.imported = True
        return self._go(worker, now) if worker is worker.place.active else []

    def ready(self, number: int, now: float) -> list[Action]:
        """A worker serves."""
        self._workers[number].ready = True
        self._has_served = True
        return self.tick(now)

    def ended(self, number: int, now: float) -> list[Action]:
        """A worker's process has ended, for whatever reason."""
        worker = self._workers.pop(number)
        self._count_failure(worker, now)
        if not self._has_served and not self.is_stopping:
            return self._stop("could not start", now, COULD_NOT_START)
        return self.tick(now)

    def stop(self, reason: str, now: float) -> list[Action]:
        """End all workers, those who serve in order. Idempotent."""
        return [] if self.is_stopping else self._stop(reason, now, 0)

    def tick(self, now: float) -> list[Action]:
        """Do what has become due."""
        if self.is_stopping:
            return self._tick_stopping(now)
        return [action for place in self.places for action in self._fill(place, now)]

    def due(self) -> float | None:
        """When `tick` must be called next; None: not before something else happens."""
        if self.is_stopping:
            return self._kill_at
        times = [place.next_active_at for place in self.places if place.active is None]
        times += [place.next_standby_at for place in self.places if self._wants_standby(place)]
        return min(times, default=None)

    def state(self, place: Place) -> State:
        """The state of a place, for `everdoor status`."""
        if place.active is None:
            return "down"
        if place.active.ready:
            return "up"
        return "restarting" if place.failures else "starting"

    def failures(self, place: Place, now: float) -> int:
        """How often this place's worker has died in a row; 0 once the present one has settled."""
        active = place.active
        has_settled = active is not None and active.ready and now - active.since >= SETTLED_S
        return 0 if has_settled else place.failures

    def _fill(self, place: Place, now: float) -> list[Action]:
        if place.active is None and now >= place.next_active_at:
            if place.standby is None:
                place.active = self._new_worker(place, now)
                return [Start(place.active.number, place.index)]
            place.active, place.standby = place.standby, None
            return self._go(place.active, now) if place.active.imported else []
        if self._wants_standby(place) and now >= place.next_standby_at:
            place.standby = self._new_worker(place, now)
            return [Start(place.standby.number, place.index)]
        return []

    def _wants_standby(self, place: Place) -> bool:
        serves = place.active is not None and place.active.ready
        return self._has_standby and serves and place.standby is None

    def _new_worker(self, place: Place, now: float) -> Worker:
        self._last_number += 1
        worker = Worker(self._last_number, place, now)
        self._workers[worker.number] = worker
        return worker

    def _go(self, worker: Worker, now: float) -> list[Action]:
        worker.told_go = True
        worker.since = now
        return [Say(worker.number, Go())]

    def _count_failure(self, worker: Worker, now: float) -> None:
        place = worker.place
        has_settled = now - worker.since >= SETTLED_S
        if worker is place.standby:
            place.standby = None
            place.standby_failures = 1 if has_settled else place.standby_failures + 1
            place.next_standby_at = worker.since + _pause(place.standby_failures)
        else:
            place.active = None
            place.failures = 1 if has_settled else place.failures + 1
            place.next_active_at = worker.since + _pause(place.failures)

    def _stop(self, reason: str, now: float, code: int) -> list[Action]:
        self.is_stopping = True
        self._exit_code = code
        self._kill_at = now + STOP_S
        actions: list[Action] = [
            Say(worker.number, StopWork(reason)) if worker.told_go else Kill(worker.number)
            for worker in self._workers.values()
        ]
        return actions or self._finish()

    def _tick_stopping(self, now: float) -> list[Action]:
        if not self._workers:
            return self._finish()
        if self._kill_at is not None and now >= self._kill_at:
            self._kill_at = None
            return [Kill(number) for number in self._workers]
        return []

    def _finish(self) -> list[Action]:
        if self._has_finished:
            return []
        self._has_finished = True
        self._kill_at = None
        return [Finish(self._exit_code)]


def _pause(failures: int) -> float:
    return PAUSES_S[min(failures, len(PAUSES_S)) - 1]
