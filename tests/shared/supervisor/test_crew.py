"""Which workers run: every decision of a supervisor, without processes or clocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.messages.supervision import Go, StopWork
from everdoor.supervisor.crew import (
    PAUSES_S,
    SETTLED_S,
    STOP_S,
    Action,
    Crew,
    Finish,
    Kill,
    Say,
    Start,
)


def go(worker: int) -> list[Action]:
    return [Say(worker, Go())]


def serving(standby: bool = False) -> Crew:
    """A crew of one place whose worker 1 serves since second 0 (and whose standby 2 loads)."""
    crew = Crew(1, standby)
    crew.begin(0.0)
    crew.imported(1, 0.0)
    crew.ready(1, 0.0)
    return crew


def test_crew_starts_one_worker_for_each_place() -> None:
    crew = Crew(2)
    assert crew.begin(0.0) == [Start(1, 0), Start(2, 1)]
    assert crew.imported(2, 1.0) == go(2)
    assert [crew.state(place) for place in crew.places] == ["starting", "starting"]


def test_crew_restarts_at_once_the_first_time_and_then_ever_later() -> None:
    crew, now, worker = serving(), 0.0, 1
    for pause in (*PAUSES_S, PAUSES_S[-1]):
        actions = crew.ended(worker, now)
        if pause:
            assert actions == []
            assert crew.due() == now + pause
            assert crew.state(crew.places[0]) == "down"
            now += pause
            actions = crew.tick(now)
        worker += 1
        assert actions == [Start(worker, 0)]
        assert crew.state(crew.places[0]) == "restarting"
        crew.imported(worker, now)
        crew.ready(worker, now)


def test_crew_replaces_at_once_who_served_longer_than_the_pause() -> None:
    crew, now = serving(), 0.0
    for worker in range(1, 20):
        now += PAUSES_S[-1]
        assert crew.ended(worker, now) == [Start(worker + 1, 0)]
        crew.imported(worker + 1, now)
        crew.ready(worker + 1, now)


def test_crew_forgets_failures_of_a_worker_that_has_settled() -> None:
    crew = serving()
    crew.ended(1, 1.0)
    crew.imported(2, 1.0)
    crew.ready(2, 1.0)
    assert crew.failures(crew.places[0], 2.0) == 1
    assert crew.failures(crew.places[0], 1.0 + SETTLED_S) == 0
    assert crew.ended(2, 1.0 + SETTLED_S) == [Start(3, 0)]


def test_crew_whose_first_worker_ends_could_not_start() -> None:
    crew = Crew(3)
    crew.begin(0.0)
    crew.imported(1, 0.0)
    assert crew.ended(2, 0.0) == [Say(1, StopWork("could not start")), Kill(3)]
    assert crew.ended(1, 0.1) == []
    assert crew.ended(3, 0.1) == [Finish(3)]


def test_crew_that_has_served_outlives_the_end_of_another_place() -> None:
    crew = Crew(2)
    crew.begin(0.0)
    crew.imported(1, 0.0)
    crew.ready(1, 0.0)
    assert crew.ended(2, 0.0) == [Start(3, 1)]


def test_crew_starts_a_standby_when_the_worker_serves() -> None:
    crew = Crew(1, standby=True)
    assert crew.begin(0.0) == [Start(1, 0)]
    assert crew.imported(1, 0.0) == go(1)
    assert crew.ready(1, 0.0) == [Start(2, 0)]
    assert crew.imported(2, 0.0) == []


def test_crew_promotes_the_standby_at_once_and_starts_another() -> None:
    crew = serving(standby=True)
    crew.imported(2, 0.0)
    assert crew.ended(1, 1.0) == go(2)
    assert crew.ready(2, 1.0) == [Start(3, 0)]


def test_crew_promotes_a_standby_that_still_loads() -> None:
    crew = serving(standby=True)
    assert crew.ended(1, 1.0) == []
    assert crew.imported(2, 1.5) == go(2)


def test_crew_pauses_before_it_promotes_again() -> None:
    crew = serving(standby=True)
    crew.imported(2, 0.0)
    crew.ended(1, 1.0)
    crew.ready(2, 1.0)
    crew.imported(3, 1.0)
    assert crew.ended(2, 1.0) == []
    assert crew.due() == 1.0 + PAUSES_S[1]
    assert crew.tick(1.0 + PAUSES_S[1]) == go(3)


def test_crew_leaves_the_worker_alone_when_its_standby_cannot_load() -> None:
    crew = serving(standby=True)
    assert crew.ended(2, 1.0) == [Start(3, 0)]
    assert crew.ended(3, 1.0) == []
    assert crew.due() == 1.0 + PAUSES_S[1]
    assert crew.tick(1.0 + PAUSES_S[1]) == [Start(4, 0)]
    assert crew.state(crew.places[0]) == "up"
    assert crew.failures(crew.places[0], 1.0) == 0


def test_crew_starts_a_worker_when_it_has_no_standby_to_promote() -> None:
    crew = serving(standby=True)
    crew.ended(2, 1.0)
    crew.ended(3, 1.0)
    assert crew.ended(1, 1.0) == [Start(4, 0)]


def test_crew_stops_who_serves_in_order_and_ends_the_others() -> None:
    crew = serving(standby=True)
    assert crew.stop("noon", 5.0) == [Say(1, StopWork("noon")), Kill(2)]
    assert crew.stop("again", 5.0) == []
    assert crew.ended(2, 5.0) == []
    assert crew.ended(1, 5.0) == [Finish(0)]


def test_crew_kills_who_does_not_stop() -> None:
    crew = serving()
    crew.stop("noon", 5.0)
    assert crew.due() == 5.0 + STOP_S
    assert crew.tick(5.0 + STOP_S) == [Kill(1)]
    assert crew.due() is None
    assert crew.ended(1, 9.5) == [Finish(0)]


def test_crew_without_workers_stops_at_once() -> None:
    crew = serving()
    crew.ended(1, 0.0)
    crew.ended(2, 0.0)
    assert crew.stop("noon", 0.0) == [Finish(0)]


@pytest.mark.parametrize("standby", [False, True])
@given(st.data())
def test_crew_of_any_history_has_one_active_worker_and_comes_to_rest(
    standby: bool, data: st.DataObject
) -> None:
    crew = Crew(2, standby)
    running: dict[int, int] = {}
    told_go: set[int] = set()
    finished: list[int] = []

    def carry_out(actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Start(worker=worker, place=place):
                    running[worker] = place
                case Say(worker=worker, message=Go()):
                    told_go.add(worker)
                case Finish(code=code):
                    finished.append(code)
        going = [running[worker] for worker in told_go & running.keys()]
        assert len(going) == len(set(going)), "two workers of one place were told to go"

    now = 0.0
    carry_out(crew.begin(now))
    for _ in range(data.draw(st.integers(0, 40))):
        now += data.draw(st.sampled_from([0.0, 0.3, 31.0]))
        carry_out(crew.tick(now))
        if not running:
            continue
        worker = data.draw(st.sampled_from(sorted(running)))
        what = data.draw(st.sampled_from(["imported", "ready", "ended"]))
        if what == "ended":
            del running[worker]
            carry_out(crew.ended(worker, now))
        elif what == "ready" and worker in told_go:
            carry_out(crew.ready(worker, now))
        elif what == "imported" and worker not in told_go:
            carry_out(crew.imported(worker, now))
    carry_out(crew.stop("end", now))
    for worker in sorted(running):
        carry_out(crew.ended(worker, now))
    assert len(finished) == 1
