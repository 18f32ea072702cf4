"""Lines of which servers have died: run alone, or skipped; and whoever was merely there."""

from __future__ import annotations

import pytest

from everdoor.messages.stream import Connected, Copy, Deaths, Disconnected, Noted, Suspect
from everdoor.state import AppSession, SnapshotFlag
from everdoor.stream import SILENCE_S
from everdoor_server import waits
from everdoor_server.driving import CANNOT_GREET, SKIPPED
from everdoor_server.session import ServerSession
from tinygame import Account, Database, ScriptedPortal, TinyServer, key, started


def suspects(portal: ScriptedPortal) -> list[tuple[int, int]]:
    """What the server announces when it has served once more."""
    return [(m.conn, m.seq) for m in portal.take() if isinstance(m, Suspect)]


def test_suspect_is_announced_and_run_when_it_is_noted() -> None:
    _, portal = started()
    portal.send(Deaths([(1, 2, 2)]))
    portal.type(1, 2, "look")
    assert suspects(portal) == [(1, 2)]
    assert portal.log == {}
    portal.send(Noted(1, 2))
    [row] = portal.take_rows()
    assert row.cursors == [(1, 2)]
    assert portal.log[1] == ["did look"]


def test_line_with_one_death_is_run_like_any_other() -> None:
    _, portal = started()
    portal.send(Deaths([(1, 2, 1)]))
    portal.type(1, 2, "look")
    portal.take()
    assert portal.log[1] == ["did look"]


def test_line_behind_one_with_deaths_is_run_like_any_other() -> None:
    _, portal = started()
    portal.send(Deaths([(1, 2, 3)]))
    portal.type(1, 2, "bad")
    portal.type(1, 3, "look")
    portal.take()
    portal.take()
    assert portal.log[1] == [SKIPPED.format(trace="1-2"), "did look"]


def test_nobody_runs_anything_while_one_is_on_trial() -> None:
    server, portal = started(conns=2)

    async def sleeps(session: ServerSession) -> None:
        await waits.sleep(1)
        session.msg("awake")

    server.game.lines["sleep"] = sleeps
    portal.type(2, 2, "sleep")
    portal.take()
    portal.send(Deaths([(1, 2, 2)]))
    portal.type(1, 2, "look")
    portal.take()
    portal.type(2, 3, "look")
    server.turn.resume(server.only_wait().id)
    server.turn.do(lambda: server.sessions.announce_all("hi"))
    assert not server.turn.has_work()
    assert portal.take_rows() == []
    portal.send(Noted(1, 2))
    assert server.turn.has_work()
    [alone] = portal.take_rows()
    assert alone.cursors == [(1, 2)]
    portal.take()
    assert portal.log == {1: ["did look", "hi"], 2: ["hi", "awake", "did look"]}


def test_others_run_between_one_trial_and_the_next() -> None:
    server, portal = started(conns=3)
    portal.send(Deaths([(1, 2, 2), (2, 2, 2)]))
    for conn in (1, 2, 3):
        portal.type(conn, 2, "look")
    assert suspects(portal) == [(1, 2)]
    portal.type(3, 3, "think")
    portal.send(Noted(1, 2))
    portal.take()
    assert suspects(portal) == [(2, 2)]
    portal.send(Noted(2, 2))
    portal.take()
    assert portal.log == {1: ["did look"], 2: ["did look"], 3: ["did look", "did think"]}
    assert not server.turn.has_work()


def test_suspect_that_waits_is_not_run_again() -> None:
    server, portal = started()

    async def sleeps(session: ServerSession) -> None:
        await waits.sleep(1)

    server.game.lines["sleep"] = sleeps
    portal.send(Deaths([(1, 2, 2)]))
    portal.type(1, 2, "sleep")
    portal.take()
    portal.send(Noted(1, 2))
    [row] = portal.take_rows()
    assert row.cursors == [(1, 2)]
    assert server.session(1).unfinished == 2


def test_word_of_another_line_notes_nothing() -> None:
    server, portal = started(conns=2)
    portal.send(Deaths([(1, 2, 2)]))
    portal.type(1, 2, "look")
    portal.take()
    portal.send(Noted(1, 3), Noted(2, 2))
    assert not server.turn.has_work()


def test_trial_is_called_off_when_its_session_ends() -> None:
    server, portal = started(conns=2)
    portal.send(Deaths([(1, 2, 2)]))
    portal.type(1, 2, "look")
    portal.take()
    server.turn._adoption.end(key(1), "gone")
    portal.type(2, 2, "look")
    portal.take()
    assert portal.log[2] == ["did look"]


def test_trial_is_called_off_when_its_portal_is_silent_and_begins_again_when_it_is_heard() -> None:
    server, portal = started()
    other = ScriptedPortal(server, "q")
    other.hello()
    other.connect(1)
    other.take()
    portal.send(Deaths([(1, 2, 2)]))
    portal.type(1, 2, "look")
    portal.take()
    server.now += SILENCE_S
    server.turn.tick(server.now)
    other.type(1, 2, "look")
    other.take()
    assert other.log[1] == ["did look"]
    portal.send()
    assert suspects(portal) == [(1, 2)]


def test_suspect_is_announced_again_in_a_new_epoch() -> None:
    server, portal = started()
    portal.send(Deaths([(1, 2, 2)]))
    portal.type(1, 2, "look")
    portal.take()
    state = server.session(1).take_snapshot(AppSession("test", silent=True), SnapshotFlag.REBOOT)
    portal.hello([Copy(1, 1, state, 0.0, 0.0, 0.0, 0)])
    assert suspects(portal) == [(1, 2)]
    portal.send(Noted(1, 2))
    portal.take()
    assert portal.log[1] == ["did look"]


def test_planned_end_waits_for_no_trial() -> None:
    server, portal = started()
    portal.send(Deaths([(1, 2, 2)]))
    portal.type(1, 2, "look")
    portal.take()
    server.turn.do(lambda: server.sessions.announce_all("bye"))
    assert server.turn.run(lines=False) is not None


def test_turn_ends_with_each_line_of_a_session_with_deaths() -> None:
    server, portal = started(conns=2)
    portal.send(Deaths([(1, 2, 1)]))
    for seq in (2, 3, 4):
        for conn in (1, 2):
            portal.type(conn, seq, "look")
    cursors = []
    while server.turn.has_work():
        [row] = portal.take_rows()
        cursors.append(dict(row.cursors).get(1))
    assert cursors == [2, 3, 4, None]
    portal.type(1, 5, "look")
    portal.type(1, 6, "look")
    [row] = portal.take_rows()
    assert row.cursors == [(1, 6)]


# Three deaths.


def test_line_with_three_deaths_is_skipped_and_its_player_told() -> None:
    server, portal = started(conns=2)
    server.game.lines["bad"] = lambda session: pytest.fail("it was run")
    portal.send(Deaths([(1, 2, 3)]))
    portal.type(1, 2, "bad")
    portal.type(2, 2, "look")
    [row] = portal.take_rows()
    assert row.cursors == [(1, 2)]
    portal.take()
    assert portal.log == {1: [SKIPPED.format(trace="1-2")], 2: ["did look"]}


@pytest.mark.parametrize("logged_in", [True, False])
def test_skipped_line_is_logged_but_not_what_was_typed_before_a_login(
    logged_in: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    server, portal = started()
    if logged_in:
        server.sessions.login(server.session(1), Account(5, "anna"))
    portal.send(Deaths([(1, 2, 3)]))
    portal.type(1, 2, "open sesame")
    portal.take()
    logged = capsys.readouterr().out
    assert "1-2" in logged
    assert ("open sesame" in logged) is logged_in


def test_connection_that_cannot_be_greeted_is_closed() -> None:
    server = TinyServer(Database())
    portal = ScriptedPortal(server)
    portal.hello()
    portal.send(Deaths([(1, 1, 3)]), Connected(1, 1, "telnet", "192.0.2.1", 0, {}, 0.0))
    portal.take()
    assert portal.log[1] == [CANNOT_GREET]
    assert portal.closed == [1]
    assert len(server.sessions) == 0


def test_session_whose_end_cannot_be_run_ends_without_hooks() -> None:
    server, portal = started()
    portal.send(Deaths([(1, 2, 3)]), Disconnected(1, 2, "left", True))
    portal.take()
    assert len(server.sessions) == 0
    assert portal.closed == [1]
    assert ("disconnect", 1) not in server.game.hooks
    assert server.database.roster == {}


def test_prompt_ends_whose_answer_is_skipped() -> None:
    server, portal = started()

    async def asks(session: ServerSession) -> None:
        await waits.ask("Name?")

    server.game.lines["ask"] = asks
    portal.send(Deaths([(1, 3, 3)]))
    portal.type(1, 2, "ask")
    portal.type(1, 3, "Anna")
    portal.type(1, 4, "look")
    portal.take()
    portal.take()
    assert portal.log[1] == ["Name?", SKIPPED.format(trace="1-3"), "did look"]
