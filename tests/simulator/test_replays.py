"""Schedules that once violated something, each for a fault of its own, said in words."""

from __future__ import annotations

import pytest

from simulator.actions import WORDS, Action
from simulator.crashes import CRASHES
from simulator.lines import GREETINGS
from simulator.schedules import Script, run
from simulator.world import Setup

SWEEP = Action("sweep")
REPLACE = Action("start-server", 1)
ONE_PORTAL = Setup(portals=1)
TWO_PORTALS = Setup(portals=2)


def joins(portal: int, greeting: str) -> Action:
    return Action("join", portal, GREETINGS.index(greeting))


def types(client: int, word: str, number: int = 0) -> Action:
    return Action("type", client, WORDS.index(word), number)


def crashes(step: str, lost: int = 0) -> Action:
    return Action("crash", 0, list(CRASHES).index(step), lost)


FOUND = {
    "greeting that waits begins again": Script(
        ONE_PORTAL, [SWEEP, joins(0, "show-between"), SWEEP, crashes("before it receives")]
    ),
    "lines in rows that a portal has not applied are counted": Script(
        ONE_PORTAL,
        [joins(0, "me"), SWEEP, REPLACE, SWEEP, types(0, "do"), SWEEP, SWEEP]
        + [Action("up", 0, 9), Action("stop"), SWEEP, SWEEP, Action("wait", 60), SWEEP],
    ),
    "client that was let go while its arrival was under way is no ghost": Script(
        ONE_PORTAL,
        [SWEEP, joins(0, "say"), Action("wait", 5), Action("pause")]
        + [Action("wait", 16), Action("wait", 3100)],
    ),
    "call that is asked again after its session has ended has its effect once": Script(
        TWO_PORTALS,
        [SWEEP, joins(0, "me"), joins(1, "login"), joins(0, "ask"), SWEEP]
        + [Action("auth", 0, 2), types(0, "quit"), joins(0, "say"), joins(0, "me")]
        + [types(3, "force", 62), types(3, "kick", 15), crashes("after it received", 2)],
    ),
    "calls of a line set off after a restart are not taken for former ones": Script(
        TWO_PORTALS,
        [SWEEP, joins(1, "login"), joins(0, "self"), SWEEP, Action("auth", 0, 2)]
        + [Action("auth", 0, 2), types(0, "force", 95), crashes("between two sends", 60)],
    ),
    "session whose portal has not said hello is not taken for idle": Script(
        ONE_PORTAL,
        [SWEEP, joins(0, "me"), SWEEP, crashes("after it sent"), Action("start-server")]
        + [Action("load"), Action("operate"), Action("turn")],
    ),
    "line that an operator sets off runs by itself": Script(
        ONE_PORTAL, [SWEEP, joins(0, "login"), SWEEP, SWEEP, Action("operate", 0, 0, 2)]
    ),
    "line that an operator sets off interrupts nobody else": Script(
        ONE_PORTAL,
        [SWEEP, joins(0, "me"), SWEEP, joins(0, "sleep"), Action("operate", 0, 0, 11)]
        + [Action("flush"), crashes("after it sent", 6)],
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_schedule_that_failed_once_passes(name: str) -> None:
    assert run(FOUND[name]) == ""
