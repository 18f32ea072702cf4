"""Which workers run: every decision of a supervisor, without processes or clocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.messages.supervision import (
    Drain,
    Go,
    Park,
    Release,
    Resume,
    Serve,
    StopWork,
    ToWorker,
)
from everdoor.supervisor.crew import (
    COULD_NOT_START,
    PAUSES_S,
    SETTLED_S,
    STOP_S,
    Action,
    Crew,
    Finish,
    Kill,
    Report,
    Say,
    Start,
)
from everdoor.supervisor.handover import Phase


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
    assert crew.begin(0.0) == [Start(1, 0, "live"), Start(2, 1, "live")]
    assert crew.imported(2, 1.0) == go(2)
    assert [crew.state(place) for place in crew.places] == ["starting", "starting"]


def test_crew_leaves_a_drained_place_empty_and_ends_when_all_are() -> None:
    crew = Crew(2)
    crew.begin(0.0)
    for worker in (1, 2):
        crew.imported(worker, 0.0)
        crew.ready(worker, 0.0)
    order = Drain(60.0, ["telnet"])
    assert crew.drain(0, order) == [Say(1, order)]
    assert [crew.state(place) for place in crew.places] == ["draining", "up"]
    crew.leaving(1, "drained")
    assert crew.ended(1, 9.0) == []
    assert crew.due() is None
    assert [crew.state(place) for place in crew.places] == ["down", "up"]
    assert crew.failures(crew.places[0], 9.0) == 0
    crew.drain(1, Drain(None, []))
    assert crew.ended(2, 10.0) == [Finish(0)]


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
        assert actions == [Start(worker, 0, "accepted")]
        assert crew.state(crew.places[0]) == "restarting"
        crew.imported(worker, now)
        crew.ready(worker, now)


def test_crew_replaces_at_once_who_served_longer_than_the_pause() -> None:
    crew, now = serving(), 0.0
    for worker in range(1, 20):
        now += PAUSES_S[-1]
        assert crew.ended(worker, now) == [Start(worker + 1, 0, "accepted")]
        crew.imported(worker + 1, now)
        crew.ready(worker + 1, now)


def test_crew_forgets_failures_of_a_worker_that_has_settled() -> None:
    crew = serving()
    crew.ended(1, 1.0)
    crew.imported(2, 1.0)
    crew.ready(2, 1.0)
    assert crew.failures(crew.places[0], 1.0 + SETTLED_S / 2) == 1
    assert crew.failures(crew.places[0], 1.0 + SETTLED_S) == 0
    assert crew.ended(2, 1.0 + SETTLED_S) == [Start(3, 0, "accepted")]


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
    assert crew.ended(2, 0.0) == [Start(3, 1, "live")]


def test_crew_starts_a_standby_when_the_worker_serves() -> None:
    crew = Crew(1, standby=True)
    assert crew.begin(0.0) == [Start(1, 0, "live")]
    assert crew.imported(1, 0.0) == go(1)
    assert crew.ready(1, 0.0) == [Start(2, 0, "accepted")]
    assert crew.imported(2, 0.0) == []


def test_crew_promotes_the_standby_at_once_and_starts_another() -> None:
    crew = serving(standby=True)
    crew.imported(2, 0.0)
    assert crew.ended(1, 1.0) == go(2)
    assert crew.ready(2, 1.0) == [Start(3, 0, "accepted")]


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
    assert crew.ended(2, 1.0) == [Start(3, 0, "accepted")]
    assert crew.ended(3, 1.0) == []
    assert crew.due() == 1.0 + PAUSES_S[1]
    assert crew.tick(1.0 + PAUSES_S[1]) == [Start(4, 0, "accepted")]
    assert crew.state(crew.places[0]) == "up"
    assert crew.failures(crew.places[0], 1.0) == 0


def test_crew_starts_a_worker_when_it_has_no_standby_to_promote() -> None:
    crew = serving(standby=True)
    crew.ended(2, 1.0)
    crew.ended(3, 1.0)
    assert crew.ended(1, 1.0) == [Start(4, 0, "accepted")]


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


# Planned changes.

PARK, GO, RELEASE, SERVE = Park("reload"), Go(hold=True), Release(), Serve()


def reloading(phase: Phase, standby: bool = False) -> Crew:
    """A crew whose worker 1 is handed over to worker 2 (3 with a standby)."""
    crew = serving(standby)
    new = 3 if standby else 2
    assert crew.why_not() == ""
    killed = [Kill(2)] if standby else []
    assert crew.restart("reload", 1.0) == [*killed, Start(new, 0, "new")]
    if phase is not Phase.LOADING:
        assert crew.imported(new, 1.0) == [Say(1, PARK)]
    if phase in (Phase.TAKING, Phase.RELEASING, Phase.STARTING):
        assert crew.parked(1, {}, 1.0) == [Say(new, GO)]
    if phase in (Phase.RELEASING, Phase.STARTING):
        assert crew.taken(new, 1.0) == [Say(1, RELEASE)]
    if phase is Phase.STARTING:
        assert crew.released(1, 1.0) == [Say(new, SERVE)]
    return crew


def error(actions: list[Action]) -> str:
    """What the one report among these actions says went wrong."""
    [report] = [action for action in actions if isinstance(action, Report)]
    return report.outcome.error


def test_crew_hands_over_and_then_loads_a_standby_with_the_code_that_was_accepted() -> None:
    crew = reloading(Phase.STARTING, standby=True)
    assert crew.ended(2, 1.0) == []
    assert crew.ended(1, 1.0) == []
    assert crew.ready(3, 1.0) == []
    [report, start] = crew.settled(3, 1.0)
    assert error([report]) == ""
    assert start == Start(4, 0, "accepted")
    assert (crew.state(crew.places[0]), crew.failures(crew.places[0], 1.0)) == ("up", 0)


def failing_at(now: float) -> Crew:
    """A crew whose worker 3 serves, after two that have just died."""
    crew = serving()
    for worker in (1, 2):
        crew.ended(worker, now)
        crew.tick(now + PAUSES_S[1])
        crew.imported(worker + 1, now)
        crew.ready(worker + 1, now)
    assert crew.failures(crew.places[0], now) == 2
    return crew


def test_crew_forgets_failures_when_it_hands_over() -> None:
    crew = failing_at(1.0)
    crew.restart("reload", 1.0)
    crew.imported(4, 1.0)
    crew.parked(3, {}, 1.0)
    crew.taken(4, 1.0)
    crew.released(3, 1.0)
    assert crew.state(crew.places[0]) == "starting"
    crew.ready(4, 1.0)
    crew.ended(3, 1.0)
    crew.settled(4, 1.0)
    assert crew.failures(crew.places[0], 1.0) == 0
    assert crew.ended(4, 1.0) == [Start(5, 0, "accepted")]


def test_crew_forgets_failures_when_it_is_switched_off() -> None:
    crew = failing_at(1.0)
    crew.switch_off(1.0)
    crew.ended(3, 1.0)
    assert crew.failures(crew.places[0], 1.0) == 0
    crew.switch_on(1.0)
    assert crew.state(crew.places[0]) == "starting"


def test_crew_says_why_no_change_can_begin_and_whether_that_passes_with_the_next_worker() -> None:
    def said(crew: Crew) -> tuple[str, bool]:
        return crew.why_not(), crew.awaits_worker

    assert said(Crew(1)) == ("no worker serves", True)
    assert said(reloading(Phase.LOADING)) == ("another restart is under way", False)
    assert said(crew := serving()) == ("", False)
    crew.ended(1, 0.0)
    assert said(crew) == ("no worker serves", True)
    crew.stop("noon", 0.0)
    assert said(crew) == ("it is being stopped", False)


@pytest.mark.parametrize(
    ("phase", "resumed"),
    [(Phase.LOADING, []), (Phase.PARKING, [Say(1, Resume())]), (Phase.TAKING, [Say(1, Resume())])],
)
def test_crew_goes_on_with_the_old_worker_when_the_new_one_ends(
    phase: Phase, resumed: list[Action]
) -> None:
    crew = reloading(phase)
    crew.not_starting(2, "cmdsets.py, line 3: no", True)
    *steps, report = crew.ended(2, 1.0)
    assert (steps, error([report])) == (resumed, "cmdsets.py, line 3: no")
    assert (crew.why_not(), crew.failures(crew.places[0], 1.0)) == ("", 0)


@pytest.mark.parametrize("phase", [Phase.LOADING, Phase.PARKING, Phase.TAKING])
def test_crew_calls_off_what_takes_too_long_and_hears_no_more_of_it(phase: Phase) -> None:
    crew = reloading(phase)
    due = crew.due()
    assert due is not None
    actions = crew.tick(due)
    assert actions[0] == Kill(2)
    assert "took longer than" in error(actions)
    assert crew.imported(2, due) == []
    assert crew.taken(2, due) == []
    assert crew.restart("reload", due) == [Start(3, 0, "new")]
    assert crew.taken(2, due) == []
    assert crew.ended(2, due) == []
    assert crew.imported(3, due) == [Say(1, PARK)]


def test_crew_does_not_park_who_is_not_active() -> None:
    crew = reloading(Phase.PARKING)
    assert crew.parked(2, {}, 1.0) == []
    assert crew.released(2, 1.0) == []


@pytest.mark.parametrize("has_imported", [False, True])
def test_crew_serves_with_the_new_code_when_the_old_worker_dies_meanwhile(
    has_imported: bool,
) -> None:
    crew = reloading(Phase.PARKING if has_imported else Phase.LOADING)
    actions = crew.ended(1, 1.0)
    assert "ended by itself meanwhile" in error(actions)
    actions += [] if has_imported else crew.imported(2, 1.0)
    assert Say(2, Go()) in actions
    assert crew.ready(2, 1.0) == []
    assert crew.state(crew.places[0]) == "up"


def test_crew_whose_old_worker_dies_while_the_new_one_takes_hands_over_all_the_same() -> None:
    crew = reloading(Phase.TAKING)
    assert crew.ended(1, 1.0) == []
    assert crew.taken(2, 1.0) == [Say(2, SERVE)]
    crew.ready(2, 1.0)
    assert error(crew.settled(2, 1.0)) == ""


def test_crew_starts_the_accepted_code_when_both_have_ended() -> None:
    crew = reloading(Phase.TAKING)
    crew.ended(1, 1.0)
    actions = crew.ended(2, 1.0)
    assert error(actions)
    assert actions[-1] == Start(3, 0, "accepted")


def test_crew_counts_the_death_of_a_new_worker_that_was_to_serve() -> None:
    crew = reloading(Phase.STARTING)
    crew.ended(1, 1.0)
    actions = crew.ended(2, 1.0)
    assert error(actions)
    assert actions[-1] == Start(3, 0, "accepted")
    assert crew.failures(crew.places[0], 1.0) == 1


def test_crew_ends_an_old_worker_that_does_not_let_go() -> None:
    crew = reloading(Phase.RELEASING)
    due = crew.due()
    assert due is not None
    assert crew.tick(due) == [Kill(1)]
    assert crew.ended(1, due) == [Say(2, SERVE)]


def test_crew_that_stops_in_a_handover_stops_the_old_and_ends_the_new() -> None:
    for phase in (Phase.LOADING, Phase.PARKING, Phase.TAKING, Phase.RELEASING):
        crew = reloading(phase)
        assert crew.stop("noon", 2.0) == [Say(1, StopWork("noon")), Kill(2)]
        actions = crew.ended(2, 2.0) + crew.ended(1, 2.0)
        assert actions[-1] == Finish(0)
        assert not [action for action in actions if isinstance(action, Start)]


def test_crew_switched_off_stays_off_until_it_is_switched_on() -> None:
    crew = serving(standby=True)
    assert crew.switch_off(1.0) == [Kill(2), Say(1, Park("stop"))]
    assert crew.ended(2, 1.0) == []
    assert crew.parked(1, {}, 1.0) == [Say(1, RELEASE)]
    assert crew.released(1, 1.0) == []
    assert error(crew.ended(1, 1.0)) == ""
    assert (crew.state(crew.places[0]), crew.due(), crew.tick(99.0)) == ("down", None, [])
    assert "everdoor server start" in crew.why_not()
    assert crew.switch_on(99.0) == [Start(3, 0, "live")]
    assert crew.imported(3, 99.0) == go(3)
    assert crew.ready(3, 99.0) == [Start(4, 0, "accepted")]


def test_crew_switched_on_while_it_still_ends_starts_when_that_is_done() -> None:
    crew = serving()
    crew.switch_off(1.0)
    assert crew.switch_on(1.0) == []
    crew.parked(1, {}, 1.0)
    assert crew.ended(1, 1.0)[-1] == Start(2, 0, "live")


def test_crew_whose_live_code_cannot_start_goes_on_with_the_accepted() -> None:
    crew = serving()
    crew.switch_off(1.0)
    crew.ended(1, 1.0)
    crew.switch_on(2.0)
    crew.not_starting(2, "hooks.py, line 3: no", True)
    assert crew.ended(2, 2.0) == [Start(3, 0, "accepted")]


def test_crew_whose_first_worker_cannot_start_tries_the_accepted_code_once() -> None:
    crew = Crew(1)
    crew.begin(0.0)
    crew.not_starting(1, "hooks.py, line 3: no", True)
    assert crew.ended(1, 0.0) == [Start(2, 0, "accepted")]
    crew.not_starting(2, "hooks.py, line 3: no", True)
    assert crew.ended(2, 0.0) == [Finish(COULD_NOT_START)]


def test_crew_whose_first_worker_cannot_start_ends_when_no_code_was_accepted() -> None:
    crew = Crew(1)
    crew.begin(0.0)
    crew.not_starting(1, "hooks.py, line 3: no", False)
    assert crew.ended(1, 0.0) == [Finish(COULD_NOT_START)]


# Any history.


class Life:
    """One worker of a made-up history: what it may say follows from what it was told."""

    def __init__(self, place: int) -> None:
        self.place = place
        self.may_say = ["imported", "ended"]
        self.holds_sockets = False

    def told(self, message: ToWorker) -> None:
        match message:
            case Go(hold=hold):
                self.may_say = ["taken", "ended"] if hold else ["ready", "ended"]
                self.holds_sockets = not hold
            case Serve():
                self.may_say, self.holds_sockets = ["ready", "ended"], True
            case Park():
                self.may_say = ["parked", "ended"]
            case Resume():
                self.may_say = ["ended"]
            case Release():
                self.may_say = ["released", "ended"]

    def says(self, what: str) -> None:
        if what != "ended":
            self.may_say = ["settled", "ended"] if what == "ready" else ["ended"]
        self.holds_sockets = self.holds_sockets and what != "released"


@pytest.mark.parametrize("standby", [False, True])
@given(st.data())
def test_crew_of_any_history_has_one_active_worker_and_comes_to_rest(
    standby: bool, data: st.DataObject
) -> None:
    crew = Crew(2, standby)
    lives: dict[int, Life] = {}
    finished: list[int] = []
    changes = reports = 0

    def carry_out(actions: list[Action]) -> None:
        nonlocal reports
        for action in actions:
            match action:
                case Start(worker=worker, place=place):
                    lives[worker] = Life(place)
                case Say(worker=worker, message=message) if worker in lives:
                    lives[worker].told(message)
                case Report():
                    reports += 1
                case Finish(code=code):
                    finished.append(code)
        holders = [life.place for life in lives.values() if life.holds_sockets]
        assert len(holders) == len(set(holders)), "two workers of one place have its sockets"

    def say(worker: int, what: str) -> None:
        if what == "ended":
            del lives[worker]
        else:
            lives[worker].says(what)
        match what:
            case "parked":
                carry_out(crew.parked(worker, {}, now))
            case _:
                carry_out(getattr(crew, what)(worker, now))

    now = 0.0
    carry_out(crew.begin(now))
    for _ in range(data.draw(st.integers(0, 60))):
        now += data.draw(st.sampled_from([0.0, 0.0, 0.3, 31.0]))
        carry_out(crew.tick(now))
        changeable = not crew.why_not() and not crew.places[0].is_off
        match data.draw(st.sampled_from(["worker", "worker", "worker", "reload", "off", "on"])):
            case "reload" if changeable:
                changes += 1
                carry_out(crew.restart("reload", now))
            case "off" if changeable:
                changes += 1
                carry_out(crew.switch_off(now))
            case "on" if crew.places[0].is_off:
                carry_out(crew.switch_on(now))
            case "worker" if lives and not crew.is_stopping:
                worker = data.draw(st.sampled_from(sorted(lives)))
                say(worker, data.draw(st.sampled_from(lives[worker].may_say)))
    carry_out(crew.stop("end", now))
    for worker in sorted(lives):
        say(worker, "ended")
    assert len(finished) == 1
    assert reports == changes


def test_crew_tells_the_next_worker_that_the_one_before_left_on_purpose() -> None:
    crew = serving()
    crew.leaving(1)
    crew.ended(1, 60.0)
    assert crew.imported(2, 60.0) == [Say(2, Go(left=True))]
    crew.ready(2, 60.0)
    crew.ended(2, 120.0)
    assert crew.imported(3, 120.0) == [Say(3, Go(left=False))]


def test_crew_asks_nothing_of_the_end_of_a_worker_that_never_served() -> None:
    crew = serving(standby=True)
    crew.leaving(1)
    crew.ended(2, 1.0)
    crew.ended(1, 60.0)
    assert crew.imported(3, 60.0) == [Say(3, Go(left=True))]


def test_crew_remembers_why_a_worker_left_until_another_serves() -> None:
    crew = serving()
    place = crew.places[0]
    crew.leaving(1, "the disk is full")
    crew.ended(1, 60.0)
    crew.imported(2, 60.0)
    assert place.trouble == "the disk is full"
    crew.ready(2, 60.0)
    assert place.trouble == ""


def test_worker_that_could_not_start_does_not_hide_how_the_one_before_it_ended() -> None:
    crew = serving()
    crew.ended(1, 60.0)
    crew.imported(2, 60.0)
    crew.leaving(2, "the database does not answer")
    crew.ended(2, 60.0)
    crew.tick(70.0)
    assert crew.imported(3, 70.0) == [Say(3, Go(left=False))]


def test_worker_that_cannot_take_over_says_why_a_handover_was_refused() -> None:
    crew = serving()
    crew.restart("reload", 60.0)
    crew.imported(2, 60.0)
    crew.parked(1, {}, 60.0)
    crew.leaving(2, "the database is locked")
    reports = [each for each in crew.ended(2, 60.0) if isinstance(each, Report)]
    assert reports[0].outcome.error == "the database is locked"
