"""Limits at the portal's door: tables of what comes when, and what is decided."""

from __future__ import annotations

import pytest

from everdoor.bans import BanList
from everdoor.messages.accounts import Ban
from everdoor_portal.limits import WELCOME, Allowance, Entrance, Newcomers

HOME, AWAY = "192.0.2.1", "203.0.113.9"
NOW, WALL = 500.0, 1_800_000_000.0


def entrance(max_rate: int = 0, max_newcomers: int = 0) -> Entrance:
    return Entrance(Newcomers(), lambda: WALL, max_rate, max_newcomers)


def ban(target: str, expires_at: float | None = None) -> BanList:
    return BanList([Ban(1, "address", target, None, "Spam.", "", WALL, expires_at)])


# Connections.


def test_clients_of_one_address_are_let_in_at_once_as_many_as_come_in_a_second() -> None:
    door = entrance(max_rate=20)
    verdicts = [door.arrive(HOME, NOW) for _ in range(21)]
    assert verdicts[:20] == [WELCOME] * 20
    assert verdicts[20].wait_s == pytest.approx(0.05)
    assert door.arrive(AWAY, NOW) == WELCOME


def test_client_that_waits_is_told_for_how_long() -> None:
    door = entrance(max_rate=1)
    waits = [door.arrive(HOME, NOW) for _ in range(4)]
    assert [verdict.wait_s for verdict in waits] == [0.0, 1.0, 2.0, 3.0]
    assert "3 seconds" in waits[3].text
    assert not waits[3].is_refused


def test_client_beyond_the_queue_is_refused_with_a_reason_and_takes_no_turn() -> None:
    door = entrance(max_rate=1)
    for _ in range(6):
        assert not door.arrive(HOME, NOW).is_refused
    refused = [door.arrive(HOME, NOW) for _ in range(50)]
    assert all(verdict.is_refused and "again" in verdict.text for verdict in refused)
    assert door.arrive(HOME, NOW + 1.0).wait_s == 5.0


def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    door = entrance(max_rate=1)
    assert door.arrive("2001:db8::1", NOW) == WELCOME
    assert door.arrive("2001:db8::2", NOW).wait_s == 1.0
    assert door.arrive("2001:db8:0:1::1", NOW) == WELCOME


def test_turns_that_are_over_are_forgotten() -> None:
    door = entrance(max_rate=1)
    door.arrive(HOME, NOW)
    door.prune(NOW + 0.5)
    assert door.arrive(HOME, NOW + 0.5).wait_s == 0.5
    door.prune(NOW + 3)
    assert door.arrive(HOME, NOW + 3) == WELCOME


@pytest.mark.parametrize("address", ["", "a socket"])
def test_client_without_an_ip_address_is_limited_by_none(address: str) -> None:
    newcomers = Newcomers()
    door = Entrance(newcomers, lambda: WALL, 1, 1)
    newcomers.add(1, address, NOW)
    assert [door.arrive(address, NOW) for _ in range(9)] == [WELCOME] * 9


def test_limits_at_0_are_off() -> None:
    newcomers = Newcomers()
    door = Entrance(newcomers, lambda: WALL)
    for conn in range(1000):
        newcomers.add(conn, HOME, NOW)
        assert door.arrive(HOME, NOW) == WELCOME


# Newcomers.


def test_address_with_as_many_newcomers_as_may_be_is_refused_until_one_logs_in() -> None:
    newcomers = Newcomers()
    door = Entrance(newcomers, lambda: WALL, 0, 2)
    newcomers.add(1, HOME, NOW)
    newcomers.add(2, HOME, NOW)
    refused = door.arrive(HOME, NOW)
    assert refused.is_refused and "2 connections" in refused.text
    assert door.arrive(AWAY, NOW) == WELCOME
    newcomers.remove(1)
    newcomers.remove(1)
    assert door.arrive(HOME, NOW) == WELCOME


def test_client_whose_turn_comes_is_judged_again() -> None:
    newcomers = Newcomers()
    door = Entrance(newcomers, lambda: WALL, 1, 1)
    door.arrive(HOME, NOW)
    assert door.arrive(HOME, NOW).wait_s == 1.0
    newcomers.add(1, HOME, NOW)
    assert door.enter(HOME).is_refused


def test_newcomers_are_told_apart_by_how_long_they_have_been_here() -> None:
    newcomers = Newcomers()
    for conn in range(1, 5):
        newcomers.add(conn, HOME, NOW + conn)
    newcomers.remove(2)
    assert list(newcomers.since(NOW + 3)) == [1, 3]
    assert len(newcomers) == 3


# Bans.


def test_banned_address_is_refused_with_the_reason() -> None:
    door = entrance()
    door.bans = ban("192.0.2.0/24", WALL + 60)
    refused = door.arrive(HOME, NOW)
    assert refused.is_refused
    assert "Spam." in refused.text and "1 minute" in refused.text
    assert door.arrive(AWAY, NOW) == WELCOME


def test_ban_that_has_expired_refuses_nobody() -> None:
    door = entrance()
    door.bans = ban(HOME, WALL)
    assert door.arrive(HOME, NOW) == WELCOME


def test_client_that_is_banned_while_it_waits_is_refused() -> None:
    door = entrance(max_rate=1)
    door.arrive(HOME, NOW)
    assert not door.arrive(HOME, NOW).is_refused
    door.bans = ban(HOME)
    assert door.enter(HOME).is_refused


# Lines.


def test_lines_may_come_twice_as_many_as_in_a_second_at_once() -> None:
    allowance = Allowance(80, NOW)
    for _ in range(160):
        assert not allowance.is_overdrawn(NOW)
        allowance.spend(NOW)
    allowance.spend(NOW)
    assert allowance.is_overdrawn(NOW)


def test_allowance_that_is_overdrawn_is_right_again_after_as_long_as_its_lines_take() -> None:
    allowance = Allowance(10, NOW)
    for _ in range(50):
        allowance.spend(NOW)
    assert allowance.is_overdrawn(NOW + 2.9)
    assert not allowance.is_overdrawn(NOW + 3.0)


def test_allowance_does_not_grow_beyond_its_burst() -> None:
    allowance = Allowance(1, NOW)
    for _ in range(3):
        allowance.spend(NOW + 1_000_000)
    assert allowance.is_overdrawn(NOW + 1_000_000)


def test_allowance_of_0_is_never_overdrawn() -> None:
    allowance = Allowance(0, NOW)
    for _ in range(10_000):
        allowance.spend(NOW)
    assert not allowance.is_overdrawn(NOW)
