"""When timers are run, and what becomes of those of which servers may have died."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from everdoor_server.rows import TimerRow
from everdoor_server.scripts.clock import AT_BOOT_US, BOOT, Clocks, at_boot_s, keep
from everdoor_server.scripts.schedule import Schedule
from everdoor_server.scripts.timers import MOST_AT_ONCE, Timers


class Server:
    """One server after another over the same timers, in memory.

    Attributes:
        due: When each is due, as written.
        attempts: What was counted for each, as written.
        ran, aside: Timers by id, in order.
        deadly: Those of which a server dies.
    """

    def __init__(self, due: Iterable[tuple[int, float]] = ()) -> None:
        self.now = 100.0
        self.due = dict(due)
        self.attempts: dict[int, int] = {}
        self.ran: list[int] = []
        self.aside: list[int] = []
        self.deadly: set[int] = set()
        self.begin(died=False)

    def begin(self, died: bool) -> None:
        """A server begins."""
        rows = [TimerRow(key, due, self.attempts.get(key, 0)) for key, due in self.due.items()]
        self.timers = Timers(self, rows, lambda: self.now, died)

    def turn(self) -> tuple[list[int], bool]:
        """Run a turn; returns what it has run, and whether nothing else may run beside it."""
        begun = len(self.ran)
        is_alone = self.timers.begin_turn()
        for _ in range(MOST_AT_ONCE):
            if not self.timers.run_next():
                break
        return self.ran[begun:], is_alone

    def live(self) -> None:
        """Run turns until nothing is due, or the server dies; another one begins then."""
        while self.timers.wait_s() == 0.0:
            try:
                self.turn()
            except RecursionError:
                self.begin(died=True)
                return

    # What it does with timers.

    def fire(self, script_id: int) -> None:
        if script_id in self.deadly:
            raise RecursionError("the server dies")
        self.ran.append(script_id)
        self.due.pop(script_id)
        self.attempts.pop(script_id, None)

    def count_attempt(self, script_id: int, attempts: int) -> None:
        self.attempts[script_id] = attempts

    def set_aside(self, script_id: int) -> None:
        self.aside.append(script_id)
        self.due.pop(script_id)
        self.timers.set(script_id, None)


class Bell:
    """A timer that is not stored."""

    def __init__(self) -> None:
        self.rung = 0

    def fire(self) -> None:
        self.rung += 1


def test_timers_run_in_the_order_in_which_they_are_due() -> None:
    server = Server([(1, 90.0), (2, 80.0), (3, 120.0)])
    assert server.turn() == ([2, 1], False)
    assert server.timers.wait_s() == 20.0
    server.now = 120.0
    assert server.turn() == ([3], False)
    assert server.timers.wait_s() is None


def test_timers_that_are_not_stored_run_beside_the_others() -> None:
    server, bell = Server([(1, 101.0)]), Bell()
    server.timers.set(bell, 102.0)
    server.now = 103.0
    server.turn()
    assert (server.ran, bell.rung, len(server.timers)) == ([1], 1, 0)


def test_timers_are_not_counted_in_usual_times() -> None:
    server = Server([(1, 90.0)])
    server.live()
    assert server.ran == [1] and server.attempts == {}


def test_timers_that_were_due_at_a_death_are_counted_before_they_run() -> None:
    server = Server([(1, 90.0), (2, 95.0), (3, 110.0)])
    server.begin(died=True)
    assert server.turn() == ([], False)
    assert server.attempts == {1: 1, 2: 1}
    assert server.turn() == ([1, 2], False)
    assert server.attempts == {}


def test_timers_that_were_counted_are_tried_one_by_one() -> None:
    server = Server([(1, 90.0), (2, 95.0)])
    server.attempts = {1: 1, 2: 1}
    server.begin(died=True)
    assert [server.turn() for _ in range(4)] == [([], False), ([1], True), ([], False), ([2], True)]


def test_timer_is_set_aside_after_three_deaths_and_the_others_run_once() -> None:
    server = Server([(number, 90.0) for number in range(120)])
    server.deadly = {7, 60}
    server.begin(died=False)
    deaths = 0
    while server.timers.wait_s() == 0.0:
        before = server.timers
        server.live()
        deaths += server.timers is not before
    assert sorted(server.aside) == [7, 60]
    assert sorted(server.ran) == [each for each in range(120) if each not in (7, 60)]
    assert deaths <= 6


def test_deaths_before_a_timer_was_run_do_not_count() -> None:
    server = Server([(1, 90.0)])
    for _ in range(5):
        server.begin(died=True)
    server.live()
    assert server.ran == [1]


def test_attempt_that_was_counted_before_a_planned_end_sets_nothing_aside() -> None:
    server = Server([(1, 90.0)])
    server.attempts = {1: 2}
    server.begin(died=False)
    server.live()
    assert (server.ran, server.aside) == ([1], [])


def test_timer_that_is_stopped_meanwhile_is_not_tried() -> None:
    server = Server([(1, 90.0), (2, 90.0)])
    server.begin(died=True)
    server.timers.set(1, None)
    server.turn()
    server.timers.set(2, 200.0)
    server.live()
    assert server.ran == []


def test_many_suspects_are_counted_in_few_commits() -> None:
    server = Server([(number, 90.0) for number in range(3 * MOST_AT_ONCE)])
    server.begin(died=True)
    turns = 0
    while server.timers.wait_s() == 0.0:
        server.turn()
        turns += 1
    assert len(server.ran) == 3 * MOST_AT_ONCE and turns == 6


# The schedule.


def test_schedule_gives_out_what_is_due_whatever_was_changed_before() -> None:
    chance, schedule, due = random.Random(1), Schedule[int](), dict[int, float]()
    for _ in range(5000):
        key, at = chance.randrange(50), chance.randrange(1000) / 10
        if chance.random() < 0.3:
            assert schedule.drop(key) == (due.pop(key, None) is not None)
        else:
            schedule.set(key, at)
            due[key] = at
    assert len(schedule) == len(due) and schedule.next_due() == min(due.values())
    given = [schedule.pop_due(50.0) for _ in range(len(due))]
    wanted = sorted(at for at in due.values() if at <= 50.0)
    assert [due[key] for key in given if key is not None] == wanted


def test_schedule_does_not_grow_with_changes() -> None:
    schedule = Schedule[str]()
    for number in range(10_000):
        schedule.set("one", float(number))
    assert len(schedule._heap) < 100 and schedule.due_of("one") == 9999.0


# The clock.


class Register(dict[str, int]):
    """Numbers by name."""

    def get(self, name: str) -> int:  # type: ignore[override]
        return super().get(name, 0)

    def set(self, name: str, number: int) -> None:
        self[name] = number


def begun_s(register: Register, clocks: Clocks) -> float:
    """What the world's clock says at a start, kept for the next one."""
    began = at_boot_s(register.get, clocks)
    keep(register, clocks, began)
    return began + clocks.monotonic_s


@pytest.mark.parametrize("jump_s", [0.0, 1e7, -1e7])
def test_clock_goes_on_over_servers_whatever_the_wall_clock_does(jump_s: float) -> None:
    register = Register()
    assert begun_s(register, Clocks(7, 1e9, 50.0)) == 1e9
    assert begun_s(register, Clocks(7, 1e9 + 20 + jump_s, 70.0)) == pytest.approx(1e9 + 20)


def test_clock_is_that_of_the_wall_after_a_reboot_or_elsewhere() -> None:
    register = Register()
    begun_s(register, Clocks(7, 1e9, 50.0))
    assert begun_s(register, Clocks(8, 1e9 + 500, 3.0)) == 1e9 + 500
    assert register == {BOOT: 8, AT_BOOT_US: round((1e9 + 497) * 1e6)}


def test_clock_is_that_of_the_wall_where_boots_cannot_be_told_apart() -> None:
    register = Register()
    for wall_s in (1e9, 2e9):
        assert begun_s(register, Clocks(0, wall_s, 50.0)) == wall_s
    assert register == {}
