"""What the handler of sessions does to keep limits: holds back, lets go; nothing is dropped."""

from __future__ import annotations

from typing import Any

from everdoor.ids import Incarnation, RowId
from everdoor.messages.stream import Disconnected, Input, Row
from everdoor_portal.sessionhandler import PortalSessionHandler
from recording import Clock, RecordingSession, client

LATE = "Too late."


def limited(clock: Clock, max_rate: int = 0, held_lines: int = 0) -> PortalSessionHandler:
    return PortalSessionHandler("p", Incarnation(1, 7), clock, held_lines, max_rate)


def row(
    cursors: list[tuple[int, int]] | None = None,
    changes: list[tuple[int, dict[str, Any]]] | None = None,
    closes: list[tuple[int, str]] | None = None,
) -> Row:
    return Row(RowId(1, 1), cursors or [], changes or [], [], closes or [])


def doors(session: RecordingSession) -> list[str]:
    """What was done to its reading."""
    return [event[0] for event in session.events if event[0] in ("pause", "resume")]


# Lines that come too fast.


def test_reading_pauses_when_lines_come_too_fast_and_none_is_dropped() -> None:
    clock = Clock()
    sessions = limited(clock, max_rate=10)
    session = client(sessions)
    for number in range(50):
        sessions.data_in(session, f"say {number}")
    assert doors(session) == ["pause"]
    lines = [each.text for each in sessions.take_outgoing() if isinstance(each, Input)]
    assert lines == [f"say {number}" for number in range(50)]


def test_reading_goes_on_when_the_lines_have_had_their_time() -> None:
    clock = Clock()
    sessions = limited(clock, max_rate=10)
    session = client(sessions)
    for _ in range(30):
        sessions.data_in(session, "look")
    clock.now += 0.9
    sessions.tick()
    assert doors(session) == ["pause"]
    clock.now += 0.2
    sessions.tick()
    assert doors(session) == ["pause", "resume"]


def test_player_is_told_once_that_lines_come_too_fast() -> None:
    clock = Clock()
    sessions = limited(clock, max_rate=10)
    session = client(sessions)
    for _ in range(2):
        for _ in range(50):
            sessions.data_in(session, "look")
        clock.now += 100
        sessions.tick()
    [told] = session.shown
    assert "10 a second" in told and "None is lost" in told


def test_session_held_back_for_its_speed_waits_for_its_lines_as_well() -> None:
    clock = Clock()
    sessions = limited(clock, max_rate=10, held_lines=20)
    session = client(sessions)
    for _ in range(30):
        sessions.data_in(session, "look")
    clock.now += 10
    sessions.tick()
    assert doors(session) == ["pause"]
    sessions.apply(row(cursors=[(1, 31)]))
    assert doors(session) == ["pause", "resume"]


def test_session_held_back_for_its_lines_waits_for_its_time_as_well() -> None:
    clock = Clock()
    sessions = limited(clock, max_rate=10, held_lines=20)
    session = client(sessions)
    for _ in range(30):
        sessions.data_in(session, "look")
    sessions.apply(row(cursors=[(1, 31)]))
    assert doors(session) == ["pause"]
    clock.now += 1.1
    sessions.tick()
    assert doors(session) == ["pause", "resume"]


def test_slow_session_is_never_held_back_by_a_fast_one() -> None:
    clock = Clock()
    sessions = limited(clock, max_rate=10)
    fast, slow = client(sessions), client(sessions)
    for _ in range(50):
        sessions.data_in(fast, "look")
        clock.now += 0.01
    sessions.data_in(slow, "look")
    assert (doors(fast), doors(slow)) == (["pause"], [])


def test_session_that_ends_while_it_is_held_back_is_forgotten() -> None:
    clock = Clock()
    sessions = limited(clock, max_rate=1)
    session = client(sessions)
    for _ in range(9):
        sessions.data_in(session, "look")
    sessions.apply(row(closes=[(1, "bye")]))
    clock.now += 100
    sessions.tick()
    assert doors(session) == ["pause"]


# Clients that do not log in.


def test_client_that_does_not_log_in_is_told_and_the_server_as_well() -> None:
    clock = Clock()
    sessions = limited(clock)
    session = client(sessions)
    sessions.apply(row(cursors=[(1, 1)]))
    sessions.take_outgoing()
    clock.now += 119
    sessions.end_newcomers(120, LATE)
    assert session.has_client
    clock.now += 1
    sessions.end_newcomers(120, LATE)
    assert session.shown == [LATE]
    assert ("disconnect", LATE) in session.events
    assert sessions.take_outgoing() == [Disconnected(1, 2, LATE, True)]


def test_client_that_has_logged_in_stays() -> None:
    clock = Clock()
    sessions = limited(clock)
    session = client(sessions)
    sessions.apply(row(cursors=[(1, 1)], changes=[(1, {"logged_in": True})]))
    clock.now += 1000
    sessions.end_newcomers(120, LATE)
    assert session.has_client
    assert len(sessions.newcomers) == 0


def test_client_whose_line_waits_for_the_server_stays() -> None:
    clock = Clock()
    sessions = limited(clock)
    session = client(sessions)
    clock.now += 1000
    sessions.end_newcomers(120, LATE)
    assert session.has_client
    sessions.apply(row(cursors=[(1, 1)]))
    sessions.end_newcomers(120, LATE)
    assert not session.has_client


def test_newcomers_are_those_who_are_here() -> None:
    sessions = limited(Clock())
    first, _, _ = client(sessions), client(sessions), client(sessions)
    sessions.client_left(first, "gone", clean=True)
    sessions.apply(row(closes=[(1, ""), (2, "bye")]))
    assert len(sessions.newcomers) == 1
    assert sessions.newcomers.count("192.0.2.1") == 1
