"""Counting failures: nobody guesses faster, nobody waits for ever, nobody locks others out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor_auth.throttle import MAX_DELAY_S, Attempt, Limit, Mark, Throttle

LOGIN, CREATION = Limit(5, 300.0), Limit(2, 600.0)
STRANGER = Attempt("203.0.113.9", "bob", None)
OWNER = Attempt("192.0.2.1", "bob", 7)

ages = st.floats(-1e9, 1e9, allow_nan=False)
pauses = st.lists(st.floats(0, 400, allow_nan=False), max_size=40)


def fail(throttle: Throttle, attempt: Attempt, now: float) -> None:
    throttle.mark(throttle.buckets_of_failure(attempt), now)


def fail_as_soon_as_allowed(throttle: Throttle, attempt: Attempt, times: int) -> list[float]:
    """Fail so often, each time after the wait that is told; return the waits."""
    now, waits = 0.0, []
    for _ in range(times):
        waits.append(throttle.login_wait_s(attempt, now))
        now += waits[-1]
        fail(throttle, attempt, now)
    return waits


def test_throttle_makes_each_failure_of_an_address_wait_longer() -> None:
    waits = fail_as_soon_as_allowed(Throttle(Limit(8, 300.0), CREATION), STRANGER, 8)
    assert waits == [0, 1, 2, 4, 8, MAX_DELAY_S, MAX_DELAY_S, MAX_DELAY_S]


def test_throttle_blocks_an_address_at_the_limit_until_the_oldest_failure_is_too_old() -> None:
    throttle = Throttle(LOGIN, CREATION)
    fail_as_soon_as_allowed(throttle, STRANGER, 5)
    assert throttle.login_wait_s(STRANGER, 15.0) == 285.0
    assert throttle.login_wait_s(STRANGER, 299.9) > 0
    assert throttle.login_wait_s(STRANGER, 300.0) == 0


def test_throttle_counts_all_names_of_one_address() -> None:
    throttle = Throttle(LOGIN, CREATION)
    for name in ("ann", "ben", "cat", "dan", "eve"):
        fail(throttle, STRANGER._replace(name=name), 0.0)
    assert throttle.login_wait_s(STRANGER._replace(name="fay"), 20.0) == 280.0


def test_throttle_counts_one_name_over_all_strange_addresses() -> None:
    throttle = Throttle(LOGIN, CREATION)
    for number in range(20):
        fail(throttle, STRANGER._replace(address=f"203.0.113.{number}"), 0.0)
    fresh = STRANGER._replace(address="198.51.100.1")
    assert throttle.login_wait_s(fresh, 20.0) == 280.0
    assert throttle.login_wait_s(fresh._replace(name="ann"), 20.0) == 0


def test_throttle_never_makes_a_known_good_address_wait_for_others() -> None:
    throttle = Throttle(LOGIN, CREATION)
    for number in range(100):
        fail(throttle, STRANGER._replace(address=f"203.0.113.{number}"), 0.0)
        fail(throttle, STRANGER._replace(address=OWNER.address, name=f"other{number}"), 0.0)
    assert throttle.login_wait_s(OWNER, 0.0) == 0


def test_throttle_counts_what_a_known_good_address_fails_itself() -> None:
    throttle = Throttle(LOGIN, CREATION)
    waits = fail_as_soon_as_allowed(throttle, OWNER, 6)
    assert waits[:5] == [0, 1, 2, 4, 8]
    assert waits[5] == 285.0


def test_throttle_forgets_the_failures_of_a_known_good_address_when_it_succeeds() -> None:
    throttle = Throttle(LOGIN, CREATION)
    fail(throttle, OWNER, 0.0)
    throttle.clear(throttle.buckets_of_success(OWNER))
    assert throttle.login_wait_s(OWNER, 0.0) == 0


def test_throttle_keeps_the_failures_of_an_address_when_one_account_succeeds_there() -> None:
    throttle = Throttle(LOGIN, CREATION)
    fail(throttle, STRANGER, 0.0)
    assert throttle.buckets_of_success(STRANGER) == ()
    assert throttle.buckets_of_success(STRANGER._replace(known_uid=3)) == ()


def test_throttle_lets_an_address_make_two_accounts_in_ten_minutes() -> None:
    throttle = Throttle(LOGIN, CREATION)
    for now in (0.0, 100.0):
        assert throttle.creation_wait_s("192.0.2.1", now) == 0
        throttle.mark(throttle.buckets_of_creation("192.0.2.1"), now)
    assert throttle.creation_wait_s("192.0.2.1", 200.0) == 400.0
    assert throttle.creation_wait_s("192.0.2.2", 200.0) == 0
    assert throttle.creation_wait_s("192.0.2.1", 600.0) == 0


@pytest.mark.parametrize("off", [Limit(0, 300.0), Limit(5, 0.0)])
def test_throttle_that_is_off_counts_nothing(off: Limit) -> None:
    throttle = Throttle(off, off)
    assert throttle.buckets_of_failure(STRANGER) == ()
    assert throttle.buckets_of_creation("192.0.2.1") == ()
    assert throttle.login_lane(STRANGER) is None
    assert throttle.creation_lane("192.0.2.1") is None
    throttle.restore([Mark(f"login:address:{STRANGER.address}", 0.0)] * 9, 0.0)
    assert throttle.login_wait_s(STRANGER, 0.0) == 0


def test_throttle_puts_an_address_in_one_lane_and_known_accounts_in_their_own() -> None:
    throttle = Throttle(LOGIN, CREATION)
    assert throttle.login_lane(STRANGER) == throttle.login_lane(STRANGER._replace(name="ann"))
    known = STRANGER._replace(known_uid=3)
    assert throttle.login_lane(known) != throttle.login_lane(STRANGER)
    assert throttle.login_lane(known) != throttle.login_lane(known._replace(known_uid=4))


def test_throttle_drops_what_has_lost_its_meaning() -> None:
    throttle = Throttle(LOGIN, CREATION)
    fail(throttle, STRANGER, 0.0)
    throttle.prune(599.0)
    assert len(throttle) == 2
    throttle.prune(600.0)
    assert len(throttle) == 0


def test_throttle_counts_on_after_a_restart() -> None:
    throttle = Throttle(LOGIN, CREATION)
    bucket = f"login:address:{STRANGER.address}"
    throttle.restore([Mark(bucket, age) for age in (10.0, 250.0, 60.0, 5.0, 90.0)], 1000.0)
    assert throttle.login_wait_s(STRANGER, 1000.0) == 50.0


@given(st.lists(ages, max_size=30), st.floats(0, 1e6))
def test_throttle_locks_nobody_out_for_ever_whatever_the_clock_did(
    marks: list[float], now: float
) -> None:
    throttle = Throttle(LOGIN, CREATION)
    throttle.restore([Mark(f"login:address:{STRANGER.address}", age) for age in marks], now)
    wait = throttle.login_wait_s(STRANGER, now)
    assert 0 <= wait <= LOGIN.timeout_s + 1e-6
    assert throttle.login_wait_s(STRANGER, now + wait + 1e-6) <= 1e-6


@given(pauses)
def test_throttle_allows_no_more_than_the_limit_in_any_window(seconds: list[float]) -> None:
    throttle = Throttle(LOGIN, CREATION)
    now, failed = 0.0, []
    for pause in seconds:
        now += pause
        if throttle.login_wait_s(STRANGER, now) == 0:
            fail(throttle, STRANGER, now)
            failed.append(now)
    for at in failed:
        assert sum(1 for other in failed if at <= other < at + LOGIN.timeout_s) <= LOGIN.most


@given(pauses, st.floats(0, 400))
def test_throttle_restored_from_its_marks_waits_as_before(
    seconds: list[float], later: float
) -> None:
    throttle, now, failed = Throttle(LOGIN, CREATION), 0.0, []
    for pause in seconds:
        now += pause
        fail(throttle, STRANGER, now)
        failed.append(now)
    restored = Throttle(LOGIN, CREATION)
    buckets = throttle.buckets_of_failure(STRANGER)
    restored.restore([Mark(b, now + later - at) for at in failed for b in buckets], 77.0)
    expected = throttle.login_wait_s(STRANGER, now + later)
    assert restored.login_wait_s(STRANGER, 77.0) == pytest.approx(expected, abs=1e-6)
