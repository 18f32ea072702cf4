from __future__ import annotations

from everdoor_server.commit import HeldBy
from everdoor_server.lease import LeaseWatch


def held(home: str, generation: int = 1, beat: int = 0) -> HeldBy:
    return HeldBy(generation, "host pid 7", home, beat, "stop")


def test_lease_of_ones_own_home_is_free() -> None:
    assert LeaseWatch("here", 10).is_free(held("here"), now=100)


def test_lease_that_was_let_go_is_free() -> None:
    assert LeaseWatch("here", 10).is_free(held(""), now=100)


def test_lease_of_another_home_is_free_when_it_has_not_moved_for_long_enough() -> None:
    watch = LeaseWatch("here", 10)
    times = (100, 105, 109.9, 110)
    assert [watch.is_free(held("there"), now) for now in times] == [False, False, False, True]


def test_lease_that_moves_is_not_free() -> None:
    watch = LeaseWatch("here", 10)
    moves = [(100, 0), (108, 1), (117, 1), (118, 1)]
    free = [watch.is_free(held("there", beat=beat), now) for now, beat in moves]
    assert free == [False, False, False, True]


def test_lease_that_another_has_taken_is_watched_anew() -> None:
    watch = LeaseWatch("here", 10)
    watch.is_free(held("there", 1), 100)
    assert not watch.is_free(held("elsewhere", 2), 111)


def test_time_in_which_the_lease_could_not_be_read_does_not_count() -> None:
    watch = LeaseWatch("here", 10)
    watch.is_free(held("there"), 100)
    watch.lost_sight()
    assert not watch.is_free(held("there"), 111)
    assert watch.is_free(held("there"), 121)
