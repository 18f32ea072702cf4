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
- Until one worker of the process has served, an end means that the process cannot start; unless
  it was the present code that could not, and there is code that was accepted earlier.
- A place that is drained tells its worker to leave when nobody needs it, and is then left empty;
  when all are, the process ends.
- Stopping tells those who serve, ends the others, and kills whoever is left after `STOP_S`.

The caller carries the actions out and reports what happens; `everdoor.supervisor.supervisor` does.
Times are seconds of a monotonic clock.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from everdoor.messages.supervision import Drain, Go, StopWork, ToWorker
from everdoor.supervisor.handover import End, Handover, Outcome, Phase, Step, Tell

PAUSES_S = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Least seconds from a start to the next, after the first, second ... death in a row; the last
one repeats. The first is a crash like any other and must not be felt; later ones must not burn a
core."""

SETTLED_S = 0.5
"""Whoever served this long did not die of what killed the one before: what kills a worker at
once is met within milliseconds, when held lines come in. Starting one costs as much of a core as
half a second holds, so a worker that dies each time after that does not burn more than one."""

STOP_S = 4.0
"""How long workers may take to stop: Procfile runners kill after 5 s."""

COULD_NOT_START = 3
"""Exit code of a process that could not start."""

State = Literal["up", "draining", "hanging", "starting", "restarting", "down"]

Code = Literal["live", "accepted", "new"]
"""Which code a worker loads: the present one (the next worker then the code accepted last, if it
does not start), the code accepted last, or the present one and no other."""


class Start(NamedTuple):
    """Start a process for a place; `worker` is its number, never given twice.

    `code` is handed to it: which code of the game it is to load (`everdoor_server.worker`).
    """

    worker: int
    place: int
    code: Code


class Say(NamedTuple):
    """Send a message to a worker."""

    worker: int
    message: ToWorker


class Kill(NamedTuple):
    """End a worker's process now."""

    worker: int


class Report(NamedTuple):
    """A planned change has ended so."""

    outcome: Outcome


class Finish(NamedTuple):
    """All workers have ended: end the supervisor with this exit code."""

    code: int


Action = Start | Say | Kill | Report | Finish


class Worker:
    """One worker process as its supervisor knows it."""

    def __init__(self, number: int, place: Place, now: float) -> None:
        self.number = number
        self.place = place
        self.since = now
        self.imported = False
        self.told_go = False
        self.ready = False
        self.leaves = False
        self.gives_way = False


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
        self.code: Code = "live"
        self.is_off = False
        self.drains = False
        self.has_left = False
        self.trouble = ""
        self.successor: Worker | None = None
        self.handover: Handover | None = None

    @property
    def is_served(self) -> bool:
        """Its worker serves."""
        return self.active is not None and self.active.ready

    def handover_of(self) -> Handover:
        """The change under way."""
        assert self.handover is not None, "asked only while there is one"
        return self.handover


class Crew:
    """All workers of one supervisor.

    Every method that takes `now` returns the actions that follow, in order. `tick` must be
    called when `due` has come; it may be called at any time.

    Attributes:
        is_stopping: All are being ended.
        has_served: One of them has served.
    """

    def __init__(self, places: int, standby: bool = False) -> None:
        self.places = [Place(index) for index in range(places)]
        self.is_stopping = False
        self.has_served = False
        self._has_standby = standby
        self._workers: dict[int, Worker] = {}
        self._last_number = 0
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
        if worker is worker.place.successor:
            return self._step(worker.place, worker.place.handover_of().imported(now), now)
        return self._go(worker, now) if worker is worker.place.active else []

    def ready(self, number: int, now: float) -> list[Action]:
        """A worker serves."""
        worker = self._workers[number]
        worker.ready = True
        worker.place.code = "accepted"
        worker.place.trouble = ""
        self.has_served = True
        if worker.place.handover is not None:
            worker.place.handover.ready(now)
        return self.tick(now)

    def leaving(self, number: int, reason: str = "") -> None:
        """A worker is about to end on purpose."""
        worker = self._workers[number]
        worker.leaves = True
        worker.place.trouble = reason
        if worker.place.handover is not None and worker is worker.place.successor:
            worker.place.handover.refused(reason)

    def ended(self, number: int, now: float) -> list[Action]:
        """A worker's process has ended, for whatever reason."""
        worker = self._workers.pop(number)
        # Who could not start has not served: how the one before it ended is still what counts.
        if worker.told_go and (worker.ready or not worker.leaves):
            worker.place.has_left = worker.leaves
        if worker.place.handover is not None:
            return self._ended_in_handover(worker, worker.place.handover, now)
        if worker.place.drains:
            return self._drained(worker.place, now)
        self._count_failure(worker, now)
        if not self.has_served and not self.is_stopping and not worker.gives_way:
            return self._stop("could not start", now, COULD_NOT_START)
        return self.tick(now)

    def stop(self, reason: str, now: float) -> list[Action]:
        """End all workers, those who serve in order. Idempotent."""
        return [] if self.is_stopping else self._stop(reason, now, 0)

    def tick(self, now: float) -> list[Action]:
        """Do what has become due."""
        if self.is_stopping:
            return self._tick_stopping(now)
        return [action for place in self.places for action in self._tick_place(place, now)]

    def due(self) -> float | None:
        """When `tick` must be called next; None: not before something else happens."""
        if self.is_stopping:
            return self._kill_at
        times = [place.next_active_at for place in self.places if self._wants_active(place)]
        times += [place.next_standby_at for place in self.places if self._wants_standby(place)]
        times += [place.handover.due for place in self.places if place.handover is not None]
        return min(times, default=None)

    def state(self, place: Place) -> State:
        """The state of a place, for `everdoor status`."""
        if place.active is None:
            return "down"
        if place.active.ready:
            return "draining" if place.drains else "up"
        return "restarting" if place.failures else "starting"

    def failures(self, place: Place, now: float) -> int:
        """How often this place's worker has died in a row; 0 once the present one has settled."""
        active = place.active
        has_settled = active is not None and active.ready and now - active.since >= SETTLED_S
        return 0 if has_settled else place.failures

    # Planned changes.

    def why_not(self) -> str:
        """Why no planned change can begin now; empty when one can."""
        place = self.places[0]
        if self.is_stopping:
            return "it is being stopped"
        if place.handover is not None:
            return "another restart is under way"
        if place.is_off:
            return "it has been stopped, and `everdoor server start` starts it"
        return "" if place.is_served else "no worker serves"

    @property
    def awaits_worker(self) -> bool:
        """Only a worker that is to come keeps a planned change from beginning."""
        place = self.places[0]
        is_changing = self.is_stopping or place.handover is not None
        return not (is_changing or place.is_off or place.drains or place.is_served)

    def restart(self, ending: str, now: float) -> list[Action]:
        """Load new code in a new worker and hand over to it; only when `why_not` says nothing."""
        place = self.places[0]
        place.handover = Handover(ending, is_stop=False, now=now)
        actions: list[Action] = []
        if place.standby is not None:
            actions.append(Kill(place.standby.number))
            place.standby = None
        place.successor = self._new_worker(place, now)
        return [*actions, Start(place.successor.number, place.index, "new")]

    def switch_off(self, now: float) -> list[Action]:
        """End the worker in order and start none; only when `why_not` says nothing."""
        place = self.places[0]
        place.handover = Handover("stop", is_stop=True, now=now)
        place.is_off = True
        actions: list[Action] = []
        if place.standby is not None:
            actions.append(Kill(place.standby.number))
            place.standby = None
        return actions + self._step(place, place.handover.begin_stop(now), now)

    def switch_on(self, now: float) -> list[Action]:
        """Start workers again after `switch_off`."""
        place = self.places[0]
        place.is_off, place.code, place.next_active_at = False, "live", now
        return self.tick(now)

    def drain(self, index: int, order: Drain) -> list[Action]:
        """Have the worker of a place leave when nobody needs it, and leave the place empty."""
        place = self.places[index]
        place.drains = True
        return [Say(place.active.number, order)] if place.active else []

    def _drained(self, place: Place, now: float) -> list[Action]:
        place.active = None
        is_all = all(place.drains and place.active is None for place in self.places)
        return self._stop("all are drained", now, 0) if is_all else self.tick(now)

    def parked(self, number: int, parts: dict[str, float], now: float) -> list[Action]:
        """A worker has finished what was under way, and waits."""
        worker = self._workers[number]
        place = worker.place
        if place.handover is None or worker is not place.active:
            return []
        return self._step(place, place.handover.parked(parts, now), now)

    def taken(self, number: int, now: float) -> list[Action]:
        """A worker has taken over, and waits to serve."""
        worker = self._workers[number]
        place = worker.place
        if place.handover is None or worker is not place.successor:
            return []
        return self._step(place, place.handover.taken(now), now)

    def released(self, number: int, now: float) -> list[Action]:
        """A worker has let its sockets go."""
        worker = self._workers[number]
        place = worker.place
        if place.handover is None or worker is not place.active:
            return []
        return self._step(place, place.handover.released(now), now)

    def settled(self, number: int, now: float) -> list[Action]:
        """Whoever a worker serves has come back to it."""
        place = self._workers[number].place
        if place.handover is None or place.active is not self._workers[number]:
            return []
        place.handover.settled(now)
        return self._step(place, [], now)

    def not_starting(self, number: int, reason: str, has_accepted: bool) -> None:
        """A worker says why it ends, and whether there is other code that was accepted last."""
        worker = self._workers[number]
        place = worker.place
        if place.handover is not None and place.successor is worker:
            place.handover.refused(reason)
        elif place.active is worker and has_accepted:
            worker.gives_way = place.code == "live"
            place.code = "accepted"

    def _ended_in_handover(self, worker: Worker, handover: Handover, now: float) -> list[Action]:
        place = worker.place
        if worker is place.successor:
            place.successor = None
            return self._step(place, handover.new_ended(now), now)
        if worker is place.active:
            if handover.phase is Phase.STARTING:
                self._count_failure(worker, now)
                return self._step(place, handover.new_ended(now), now)
            place.active = None
            place.failures = 0
            return self._step(place, handover.old_ended(now), now)
        return []

    def _step(self, place: Place, steps: list[Step], now: float) -> list[Action]:
        """Carry a handover's steps out, and its end."""
        handover = place.handover_of()
        actions: list[Action] = []
        old, new = place.active, place.successor
        for step in steps:
            worker = new if (step.to_new if isinstance(step, Tell) else step.new) else old
            if worker is None:
                continue
            if isinstance(step, End):
                actions.append(Kill(worker.number))
            else:
                worker.told_go = worker.told_go or isinstance(step.message, Go)
                actions.append(Say(worker.number, step.message))
        if handover.has_switched and new is not None:
            place.active, place.successor = new, None
            new.since = now
            place.failures = 0
            if handover.outcome is not None:
                actions += self._go(new, now) if new.imported else []
        if handover.outcome is not None:
            # One that is called off may still have something to say before it ends.
            place.handover = place.successor = None
            actions.append(Report(handover.outcome))
            actions += self.tick(now)
        return actions

    def _tick_place(self, place: Place, now: float) -> list[Action]:
        if place.handover is not None:
            return self._step(place, place.handover.tick(now), now)
        return self._fill(place, now)

    # Filling places.

    def _wants_active(self, place: Place) -> bool:
        is_wanted = not (place.is_off or place.drains)
        return place.active is None and is_wanted and place.handover is None

    def _fill(self, place: Place, now: float) -> list[Action]:
        if self._wants_active(place) and now >= place.next_active_at:
            if place.standby is None:
                place.active = self._new_worker(place, now)
                return [Start(place.active.number, place.index, place.code)]
            place.active, place.standby = place.standby, None
            return self._go(place.active, now) if place.active.imported else []
        if self._wants_standby(place) and now >= place.next_standby_at:
            place.standby = self._new_worker(place, now)
            return [Start(place.standby.number, place.index, "accepted")]
        return []

    def _wants_standby(self, place: Place) -> bool:
        is_free = place.standby is None and place.handover is None
        return self._has_standby and place.is_served and is_free

    def _new_worker(self, place: Place, now: float) -> Worker:
        self._last_number += 1
        worker = Worker(self._last_number, place, now)
        self._workers[worker.number] = worker
        return worker

    def _go(self, worker: Worker, now: float) -> list[Action]:
        worker.told_go = True
        worker.since = now
        return [Say(worker.number, Go(left=worker.place.has_left))]

    def _count_failure(self, worker: Worker, now: float) -> None:
        place = worker.place
        has_settled = now - worker.since >= SETTLED_S
        if worker is not place.active and worker is not place.standby:
            return
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
            Say(worker.number, StopWork(reason))
            if worker.told_go and worker is not worker.place.successor
            else Kill(worker.number)
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
