"""From one state of a session to another, and the same from events: tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.presence import Presence, Roster, steps

HERE = Presence(7, "snake.portal.0", "telnet", "192.0.2.7")
ANNA = HERE._replace(account_id=5, account="Anna")
ANNA_IC = ANNA._replace(puppet_id=12, puppet="Anna")
ANNA_AS_CAT = ANNA._replace(puppet_id=13, puppet="the cat")
BERT = HERE._replace(account_id=6, account="Bert")


def told(before: Presence | None, after: Presence | None) -> list[str]:
    return [step.data["event"] for step in steps(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        (None, HERE, ["connected"]),
        (None, ANNA_IC, ["connected", "logged_in", "puppeted"]),
        (HERE, HERE, []),
        (HERE, ANNA, ["logged_in"]),
        (HERE, ANNA_IC, ["logged_in", "puppeted"]),
        (ANNA, ANNA_IC, ["puppeted"]),
        (ANNA_IC, ANNA, ["unpuppeted"]),
        (ANNA_IC, ANNA_AS_CAT, ["unpuppeted", "puppeted"]),
        (ANNA_IC, HERE, ["unpuppeted", "logged_out"]),
        (ANNA, BERT, ["logged_out", "logged_in"]),
        (ANNA_IC, BERT._replace(puppet_id=12, puppet="Anna"),
         ["unpuppeted", "logged_out", "logged_in", "puppeted"]),
        (ANNA_IC, None, ["unpuppeted", "logged_out", "disconnected"]),
        (HERE, None, ["disconnected"]),
        (ANNA_IC, ANNA_IC._replace(portal=""), ["link_dead"]),
        (ANNA_IC._replace(portal=""), ANNA_IC._replace(portal="snake.portal.1"), ["resumed"]),
        (ANNA_IC._replace(portal=""), None, ["unpuppeted", "logged_out", "disconnected"]),
    ],
)  # fmt: skip
def test_steps_lead_from_one_state_to_another(
    before: Presence | None, after: Presence | None, events: list[str]
) -> None:
    assert told(before, after) == events


def test_steps_say_who_and_where() -> None:
    _, connected, logged_in, puppeted = [None, *steps(None, ANNA_IC)]
    assert connected and logged_in and puppeted
    session = {"sessid": 7, "portal": "snake.portal.0"}
    assert connected.topic == logged_in.topic == "session.snake.portal.0.7"
    assert connected.data == session | {
        "event": "connected", "protocol": "telnet", "address": "192.0.2.7"
    }  # fmt: skip
    assert logged_in.data == session | {"event": "logged_in", "account": "Anna", "account_id": 5}
    assert puppeted.data == session | {
        "event": "puppeted", "account": "Anna", "account_id": 5, "puppet": "Anna", "puppet_id": 12
    }  # fmt: skip


def test_a_new_name_is_no_step() -> None:
    assert steps(ANNA_IC, ANNA_IC._replace(puppet="Anna the Brave")) == []


def test_roster_begins_with_a_state_that_has_no_steps() -> None:
    roster = Roster()
    assert roster.take([ANNA_IC]) == []
    assert len(roster) == 1


def test_roster_tells_what_it_missed_those_who_left_first() -> None:
    roster = Roster()
    other = Presence(8, "snake.portal.1")
    roster.take([ANNA_IC, other])
    found = roster.take([other._replace(account_id=5, account="Anna")])
    assert [(step.data["sessid"], step.data["event"]) for step in found] == [
        (7, "unpuppeted"),
        (7, "logged_out"),
        (7, "disconnected"),
        (8, "logged_in"),
    ]


def test_roster_ignores_what_is_no_event_of_a_session() -> None:
    roster = Roster()
    roster.take([ANNA])
    roster.apply({})
    roster.apply({"sessid": "seven", "event": "disconnected"})
    assert roster.take([ANNA]) == []


LOST = ANNA_IC._replace(portal="")
ELSEWHERE = ANNA_IC._replace(portal="snake.portal.1", protocol="ssh", address="198.51.100.1")

states = st.sampled_from([None, HERE, ANNA, ANNA_IC, ANNA_AS_CAT, BERT, LOST, ELSEWHERE])


@given(st.lists(st.tuples(states, states), max_size=8))
def test_events_bring_a_follower_where_a_state_would(
    history: list[tuple[Presence | None, Presence | None]],
) -> None:
    """After any history, a state that agrees with the events applied has no steps left."""
    roster, known = Roster(), dict[int, Presence]()
    roster.take([])
    for states_now in history:
        for sessid, after in enumerate(states_now, start=1):
            after = after and after._replace(sessid=sessid)
            for step in steps(known.get(sessid), after) if known.get(sessid) or after else []:
                roster.apply(step.data)
            known = {key: value for key, value in known.items() if key != sessid}
            known |= {sessid: after} if after else {}
    assert roster.take(known.values()) == []
