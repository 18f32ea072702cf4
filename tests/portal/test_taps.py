"""What operators see of a watched session."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor.ids import SessionKey
from everdoor.messages.stream import Input
from everdoor_portal.taps import KEPT, MASKED, OPEN_S, Taps, may_be_secret
from recording import RecordingSession


class Bench:
    def __init__(self, **state: Any) -> None:
        self.now = 100.0
        self.taps = Taps(lambda: self.now, lambda: 1000.0)
        self.session = RecordingSession()
        self.session.key = SessionKey("p", 1, 7)
        whole = {"sessid": 3, "logged_in": True, "is_asked": False, "protocol_flags": {}}
        self.session.sync({**whole, **state})

    def texts(self) -> list[str]:
        return [entry.text for entry in self.taps.open(7)[0].entries]


def test_nothing_is_kept_before_somebody_asks() -> None:
    bench = Bench()
    bench.taps.typed(bench.session, "look")
    assert not bench.taps
    assert bench.texts() == []


def test_lines_and_outputs_are_kept_in_order() -> None:
    bench = Bench()
    tap, is_new = bench.taps.open(7)
    bench.taps.typed(bench.session, "look")
    bench.taps.shown(bench.session, "text", ["A room.\nExits: \x1b[1mnone"])
    bench.taps.shown(bench.session, "prompt", ["> "])
    assert is_new
    assert [(each.number, each.kind, each.text) for each in tap.entries] == [
        (1, "typed", "look"),
        (2, "text", "A room."),
        (3, "text", "Exits: [1mnone"),
        (4, "prompt", "> "),
    ]
    assert not bench.taps.open(7)[1]


def test_tap_closes_when_nobody_asks_any_more() -> None:
    bench = Bench()
    bench.taps.open(7)
    bench.taps.typed(bench.session, "look")
    bench.now += OPEN_S + 0.1
    assert bench.taps.open(8)[1]
    assert bench.taps.open(7)[1]
    assert bench.texts() == []


def test_no_more_than_a_screenful_is_kept() -> None:
    bench = Bench()
    tap, _ = bench.taps.open(7)
    for number in range(KEPT + 10):
        bench.taps.typed(bench.session, str(number))
    assert (len(tap.entries), tap.last, tap.entries[0].number) == (KEPT, KEPT + 10, 11)


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ({"logged_in": False}, "connect anna hunter2"),
        ({"is_asked": True}, "hunter2"),
        ({}, "password old = hunter2"),
        ({}, "  UserPassword anna hunter2"),
        ({}, "connect anna hunter2"),
    ],
    ids=str,
)
def test_what_may_be_a_password_is_masked(state: dict[str, Any], line: str) -> None:
    bench = Bench(**state)
    bench.taps.open(7)
    bench.taps.typed(bench.session, line)
    assert bench.texts() == [MASKED]


def test_what_is_typed_ahead_of_a_prompt_for_a_password_is_masked() -> None:
    bench = Bench()
    bench.session.held.append(Input(7, 2, "password", 0))
    assert may_be_secret(bench.session, "hunter2")
    bench.session.held.clear()
    assert not may_be_secret(bench.session, "look")
