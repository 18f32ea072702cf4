"""What happens at the bounds: a portal that takes nothing, commands that say or keep too much, game
code that cannot even begin."""

from __future__ import annotations

import pytest

from everdoor import codec
from everdoor.messages.stream import Copy, Output, Refused, Resync, Row
from everdoor.state import AppSession, SnapshotFlag
from everdoor_server import downlink
from everdoor_server.adoption import NOT_RESTORED
from everdoor_server.collector import (
    FULL_BYTES,
    MAX_OUTPUT_BYTES,
    MAX_ROW_BYTES,
    MAX_STATE_BYTES,
    MAX_TURN_BYTES,
    Draft,
)
from everdoor_server.driving import CANNOT_GREET
from everdoor_server.session import ServerSession
from tinygame import TinyServer, key, started

GRACE_S = 120.0


# A portal that is heard and acknowledges nothing.


def test_portal_that_acknowledges_nothing_is_buried_when_its_grace_is_over() -> None:
    server, portal = started(grace_s=GRACE_S)
    portal.type(1, 2, "look")
    portal.take()
    for _ in range(int(GRACE_S)):
        server.now += 1
        portal.send()
        server.find_dead()
        server.serve()
    assert len(server.sessions) == 1
    server.now += 2
    portal.send()
    server.find_dead()
    server.serve()
    assert len(server.sessions) == 0
    assert server.database.rows == []
    server.take_messages(portal.routing_id)
    portal.send()
    assert any(isinstance(message, Resync) for message in portal.take())
    portal.hello()
    assert any(isinstance(message, Refused) for message in portal.take())


def test_portal_that_acknowledges_from_time_to_time_is_waited_for() -> None:
    server, portal = started(grace_s=GRACE_S)
    for seq in range(2, 12):
        portal.type(1, seq, "look")
        portal.take()
        server.now += GRACE_S - 1
        portal.ack()
        portal.send()
        server.find_dead()
    assert len(server.sessions) == 1


def test_portal_is_buried_when_too_much_waits_for_it_though_it_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("everdoor_server.links.BACKLOG_BYTES", 1000)
    server, portal = started()
    server.game.lines["shout"] = lambda session: session.msg("x" * 600)
    for seq in (2, 3):
        server.find_dead()
        portal.type(1, seq, "shout")
        portal.take()
        assert len(server.sessions) == 1
    server.find_dead()
    assert len(server.sessions) == 0


def test_stall_is_counted_from_the_oldest_row() -> None:
    server, portal = started()
    link = server.links.get("p")
    assert link is not None
    assert isinstance(link, downlink.Downlink)
    assert link.stalled_s(server.now) == 0
    for seq in (2, 3):
        portal.type(1, seq, "look")
        portal.take()
        link.stalled_s(server.now)
        server.now += 10
    assert link.stalled_s(server.now) == 20
    portal.ack()
    assert link.stalled_s(server.now) == 0


# Too much to say.


def test_output_that_is_too_large_is_the_error_of_its_line() -> None:
    server, portal = started(conns=2)
    server.game.lines["flood"] = lambda session: session.msg("x" * (MAX_OUTPUT_BYTES + 1))
    portal.type(1, 2, "flood")
    portal.type(2, 2, "look")
    portal.take()
    assert portal.log == {1: ["error 1-2"], 2: ["did look"]}


@pytest.mark.parametrize("letter", ["x", "\U0001f409"])
def test_command_that_says_too_much_in_all_fails_and_its_row_can_be_sent(letter: str) -> None:
    text = letter * (1_000_000 // len(letter.encode()))
    server, portal = started(conns=2)

    def flood(session: ServerSession) -> None:
        for _ in range(100):
            session.msg(text)

    server.game.lines["flood"] = flood
    portal.type(1, 2, "flood")
    portal.type(2, 2, "look")
    commit = server.run()
    assert commit is not None
    [row] = commit.rows
    assert MAX_TURN_BYTES * 0.9 < len(row.body) < codec.MAX_MESSAGE_BYTES
    assert len(server.game.errors) == 1
    server.run()
    assert len(server.database.rows) == 2


def test_turn_ends_when_it_has_much_to_say_and_goes_on_in_the_next() -> None:
    server, portal = started(conns=3)
    server.game.lines["shout"] = lambda session: session.msg("x" * (FULL_BYTES // 2 + 100))
    for conn in (1, 2, 3):
        portal.type(conn, 2, "shout")
    for conns in ([1, 2], [3]):
        assert server.turn.has_work()
        commit = server.run()
        assert commit is not None
        assert [conn for conn, _ in codec.decode_row(commit.rows[0].body).cursors] == conns


def test_draft_never_grows_beyond_a_row() -> None:
    draft = Draft()
    output = Output([1], "text", ["x"], {})
    taken = 0
    for _ in range(2000):
        try:
            draft.add(output, 1_000_000 if taken < 30 else 60_000)
            taken += 1
        except ValueError:
            pass
    assert draft.size <= MAX_ROW_BYTES


def test_state_that_is_too_large_costs_that_change_only() -> None:
    server, portal = started()

    def keep(session: ServerSession) -> None:
        session.server_data["book"] = "x" * (MAX_STATE_BYTES + 1)
        session.touch()
        session.msg("kept")

    server.game.lines["keep"] = keep
    portal.type(1, 2, "keep")
    [row] = portal.take_rows()
    assert row.changes == []
    assert portal.log[1] == ["kept"]


# Game code that cannot begin.


def fail(*args: object) -> ServerSession:
    raise ValueError("broken")


def test_connection_for_which_no_session_can_be_made_is_closed_and_others_go_on() -> None:
    server, portal = started()
    make, server.game.make_session = server.game.make_session, fail  # type: ignore[method-assign]
    portal.connect(2)
    portal.type(2, 2, "look")
    portal.type(1, 2, "look")
    portal.take()
    assert portal.log == {2: [CANNOT_GREET], 1: ["did look"]}
    assert portal.closed == [2]
    server.game.make_session = make  # type: ignore[method-assign]
    portal.ack()
    portal.connect(3)
    portal.take()
    assert len(server.sessions) == 2


def test_session_that_cannot_be_made_again_after_a_restart_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, portal = started(conns=2)
    states = [
        server.session(conn).take_snapshot(AppSession("test", silent=True), SnapshotFlag.REBOOT)
        for conn in (1, 2)
    ]
    monkeypatch.setattr("tinygame.TinyGame.make_session", fail)
    new = TinyServer(server.database)
    monkeypatch.undo()
    portal.server = new
    portal.hello([Copy(conn, 1, states[conn - 1], 0.0, 0.0, 0.0, 0) for conn in (1, 2)])
    portal.take()
    assert len(new.sessions) == 2
    monkeypatch.setattr("tinygame.TinyGame.make_session", fail)
    newer = TinyServer(server.database)
    portal.server = newer
    portal.hello([Copy(conn, 1, states[conn - 1], 0.0, 0.0, 0.0, 0) for conn in (1, 2)])
    rows = [message for message in portal.take() if isinstance(message, Row)]
    assert sorted(conn for row in rows for conn, _ in row.closes) == [1, 2]
    assert portal.log[1][-1] == NOT_RESTORED
    assert server.database.roster == {}


def test_error_that_the_game_cannot_tell_disturbs_nobody() -> None:
    server, portal = started(conns=2)
    server.game.lines["bad"] = fail
    server.game.report_error = fail  # type: ignore[method-assign,assignment]
    portal.type(1, 2, "bad")
    portal.type(2, 2, "look")
    [row] = portal.take_rows()
    assert sorted(row.cursors) == [(1, 2), (2, 2)]
    assert portal.log == {2: ["did look"]}
    assert server.sessions.by_key(key(1)) is not None
