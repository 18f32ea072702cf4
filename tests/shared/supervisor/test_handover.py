"""A planned change of workers: what each happening brings about in each phase."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from everdoor.messages.supervision import Go, Park, Release, Resume, Serve
from everdoor.supervisor.handover import LIMITS_S, End, Handover, Outcome, Phase, Step, Tell

PARTS = {"quiesce": 0.25, "barrier": 0.5}

Happening = Callable[[Handover, float], list[Step] | None]

HAPPENINGS: dict[str, Happening] = {
    "imported": lambda handover, now: handover.imported(now),
    "parked": lambda handover, now: handover.parked(PARTS, now),
    "taken": lambda handover, now: handover.taken(now),
    "released": lambda handover, now: handover.released(now),
    "ready": lambda handover, now: handover.ready(now),
    "settled": lambda handover, now: handover.settled(now),
    "refused": lambda handover, now: handover.refused("hooks.py, line 3: no"),
    "new ended": lambda handover, now: handover.new_ended(now),
    "old ended": lambda handover, now: handover.old_ended(now),
    "too long": lambda handover, now: handover.tick(handover.due),
}

PARK = Tell(False, Park("reload"))
GO = Tell(True, Go(hold=True))
RELEASE = Tell(False, Release())
SERVE = Tell(True, Serve())
RESUME = Tell(False, Resume())
END_OLD, END_NEW = End(new=False), End(new=True)

WORDLESS = "the new worker ended without a word"
ENDED_MEANWHILE = "the server ended by itself meanwhile; it comes back with the new code"


def handover_in(phase: Phase) -> Handover:
    """A reload at second 10 that has come to a phase, all within that second."""
    handover = Handover("reload", is_stop=False, now=10.0)
    for reached, happening in (
        (Phase.LOADING, "imported"),
        (Phase.PARKING, "parked"),
        (Phase.TAKING, "taken"),
        (Phase.RELEASING, "released"),
    ):
        if phase is reached:
            break
        HAPPENINGS[happening](handover, 10.0)
    assert handover.phase is phase
    return handover


def stop_in(phase: Phase) -> Handover:
    handover = Handover("stop", is_stop=True, now=10.0)
    handover.begin_stop(10.0)
    if phase is Phase.RELEASING:
        handover.parked(PARTS, 10.0)
    assert handover.phase is phase
    return handover


def too_long(phase: Phase) -> str:
    return f"{phase.name.lower()} took longer than {LIMITS_S[phase.name]:g} s"


# What is not in this table changes nothing and has no consequence. In it: the phase that follows,
# the steps, and the error when it is over.
RELOAD: dict[tuple[Phase, str], tuple[Phase, list[Step], str | None]] = {
    (Phase.LOADING, "imported"): (Phase.PARKING, [PARK], None),
    (Phase.LOADING, "new ended"): (Phase.OVER, [], WORDLESS),
    (Phase.LOADING, "old ended"): (Phase.OVER, [], ENDED_MEANWHILE),
    (Phase.LOADING, "too long"): (Phase.OVER, [END_NEW], too_long(Phase.LOADING)),
    (Phase.PARKING, "parked"): (Phase.TAKING, [GO], None),
    (Phase.PARKING, "new ended"): (Phase.OVER, [RESUME], WORDLESS),
    (Phase.PARKING, "old ended"): (Phase.OVER, [], ENDED_MEANWHILE),
    (Phase.PARKING, "too long"): (Phase.OVER, [END_NEW, RESUME], too_long(Phase.PARKING)),
    (Phase.TAKING, "taken"): (Phase.RELEASING, [RELEASE], None),
    (Phase.TAKING, "new ended"): (Phase.OVER, [RESUME], WORDLESS),
    (Phase.TAKING, "too long"): (Phase.OVER, [END_NEW, RESUME], too_long(Phase.TAKING)),
    (Phase.RELEASING, "released"): (Phase.STARTING, [SERVE], None),
    (Phase.RELEASING, "new ended"): (Phase.OVER, [], WORDLESS),
    (Phase.RELEASING, "old ended"): (Phase.STARTING, [SERVE], None),
    (Phase.RELEASING, "too long"): (Phase.RELEASING, [END_OLD], None),
    (Phase.STARTING, "settled"): (Phase.OVER, [], ""),
    (Phase.STARTING, "new ended"): (Phase.OVER, [], WORDLESS),
    (Phase.STARTING, "too long"): (Phase.OVER, [], too_long(Phase.STARTING)),
}

STOP: dict[tuple[Phase, str], tuple[Phase, list[Step], str | None]] = {
    (Phase.PARKING, "parked"): (Phase.RELEASING, [RELEASE], None),
    (Phase.PARKING, "old ended"): (Phase.OVER, [], ""),
    (Phase.PARKING, "too long"): (Phase.PARKING, [END_OLD], None),
    (Phase.RELEASING, "old ended"): (Phase.OVER, [], ""),
    (Phase.RELEASING, "too long"): (Phase.RELEASING, [END_OLD], None),
}

PHASES = [phase for phase in Phase if phase is not Phase.OVER]


@pytest.mark.parametrize("happening", HAPPENINGS)
@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_handover_does_what_its_table_says(phase: Phase, happening: str) -> None:
    handover = handover_in(phase)
    next_phase, steps, error = RELOAD.get((phase, happening), (phase, [], None))
    assert (HAPPENINGS[happening](handover, 11.0) or []) == steps
    assert handover.phase is next_phase
    assert (handover.outcome.error if handover.outcome else None) == error


@pytest.mark.parametrize("happening", ["parked", "released", "old ended", "too long", "settled"])
@pytest.mark.parametrize("phase", [Phase.PARKING, Phase.RELEASING], ids=lambda phase: phase.name)
def test_stop_does_what_its_table_says(phase: Phase, happening: str) -> None:
    handover = stop_in(phase)
    next_phase, steps, error = STOP.get((phase, happening), (phase, [], None))
    assert (HAPPENINGS[happening](handover, 11.0) or []) == steps
    assert handover.phase is next_phase
    assert (handover.outcome.error if handover.outcome else None) == error
    assert not handover.has_switched


def test_stop_loads_nothing_and_says_what_it_is_for() -> None:
    assert Handover("stop", is_stop=True, now=0.0).begin_stop(0.0) == [Tell(False, Park("stop"))]


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_new_worker_is_the_active_one_from_the_moment_it_is_told_to_serve(phase: Phase) -> None:
    assert handover_in(phase).has_switched == (phase is Phase.STARTING)


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_handover_waits_no_longer_than_each_phase_may_take(phase: Phase) -> None:
    handover = handover_in(phase)
    assert handover.due == 10.0 + LIMITS_S[phase.name]
    assert handover.tick(handover.due - 0.001) == []
    assert handover.phase is phase


def test_reason_of_the_new_worker_is_the_error() -> None:
    handover = handover_in(Phase.TAKING)
    handover.refused("hooks.py, line 3: no")
    assert handover.new_ended(11.0) == [RESUME]
    assert handover.outcome == Outcome("hooks.py, line 3: no", PARTS)


def test_old_worker_that_dies_while_the_new_one_takes_is_not_asked_to_release() -> None:
    handover = handover_in(Phase.TAKING)
    assert handover.old_ended(11.0) == []
    assert handover.taken(11.0) == [SERVE]
    assert handover.has_switched


def test_old_worker_that_does_not_let_go_is_ended_again_and_again() -> None:
    handover = handover_in(Phase.RELEASING)
    for _ in range(3):
        assert handover.tick(handover.due) == [END_OLD]
    assert handover.old_ended(99.0) == [SERVE]


def test_parts_of_a_handover_add_up_to_its_silence() -> None:
    handover = Handover("reload", is_stop=False, now=1.0)
    handover.imported(2.0)
    handover.parked({"quiesce": 0.25, "barrier": 0.5}, 2.75)
    handover.taken(2.8)
    handover.released(2.9)
    handover.ready(3.25)
    handover.settled(3.75)
    assert handover.outcome == Outcome(
        "", {"quiesce": 0.25, "barrier": 0.5, "switch": 0.5, "replay": 0.5, "silence": 1.75}
    )


def test_handover_that_is_over_stays_so() -> None:
    handover = handover_in(Phase.STARTING)
    handover.settled(11.0)
    before = handover.outcome
    for happening in set(HAPPENINGS) - {"new ended", "old ended"}:
        assert not HAPPENINGS[happening](handover, 12.0)
    assert handover.outcome is before
    assert handover.tick(1e9) == []
