"""The list of sessions: which of them, in what order."""

from __future__ import annotations

import pytest

from everdoor.cli.sessionlist import ORDERS, Wanted, row, select, span
from everdoor.messages.calls import SessionInfo


def info(sessid: int, **changed: object) -> SessionInfo:
    whole: dict[str, object] = {
        "sessid": sessid,
        "portal": "p.0",
        "protocol": "telnet",
        "address": "192.0.2.1",
        "logged_in": True,
        "account": "Anna",
        "puppet": "Anna",
        "conn_time": 1000.0,
        "idle_s": 5.0,
        "cmd_total": 3,
        "account_id": 1,
        "puppet_id": 2,
    }
    return SessionInfo(**{**whole, **changed})  # type: ignore[arg-type]


FOUND = [
    info(3, account="bob", idle_s=90.0, cmd_total=9, protocol="ssh"),
    info(1, portal="p.1", conn_time=500.0),
    info(2, account=None, puppet=None, logged_in=False, idle_s=0.0, cmd_total=0),
    info(0, account=None, puppet=None, logged_in=False),
]


ALL = Wanted()


def sessids(wanted: Wanted = ALL, order: str = "sessid") -> list[int]:
    return [each.sessid for each in select(FOUND, wanted, order)]


@pytest.mark.parametrize(
    ("wanted", "which"),
    [
        (ALL, [1, 2, 3, 0]),
        (Wanted(account="BOB"), [3]),
        (Wanted(account="nobody"), []),
        (Wanted(portal="p.1"), [1]),
        (Wanted(protocol="ssh"), [3]),
        (Wanted(idle_s=60.0), [3]),
        (Wanted(portal="p.0", protocol="telnet", idle_s=1.0), [0]),
    ],
    ids=str,
)
def test_select_takes_what_is_wanted(wanted: Wanted, which: list[int]) -> None:
    assert sessids(wanted) == which


@pytest.mark.parametrize(
    ("order", "first"),
    [("idle", 2), ("since", 1), ("commands", 3), ("account", 1), ("protocol", 3)],
)
def test_select_sorts(order: str, first: int) -> None:
    assert sessids(order=order)[0] == first
    assert len(sessids(order=order)) == len(FOUND)


def test_select_puts_who_has_no_name_last() -> None:
    assert sessids(order="account") == [1, 3, 2, 0]


def test_row_has_a_cell_for_every_order() -> None:
    cells = row(FOUND[0], now=1100.0)
    assert len(cells) == len(ORDERS)
    assert cells[:6] == ["3", "bob", "Anna", "1m 30s", "1m 40s", "9"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0s"), (59, "59s"), (3600, "1h"), (90061, "1d 1h"), (-3, "0s")]
)
def test_span_is_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert span(seconds) == text
