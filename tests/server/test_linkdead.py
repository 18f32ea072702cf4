"""Sessions whose connection was lost: they stay, and their players come back to them."""

from __future__ import annotations

import pytest

from everdoor.ids import link_dead_key
from everdoor.messages.stream import Connected, Copy
from everdoor.state import AppSession, SnapshotFlag
from everdoor_server import waits
from everdoor_server.restarts import Ending
from everdoor_server.session import ServerSession
from tinygame import Account, ScriptedPortal, TinyServer, key, started

ANNA = Account(5, "anna")
GRACE_S = 60.0


def logs_in(server: TinyServer, account: Account = ANNA) -> None:
    """Have `login` log in."""
    server.game.accounts[account.id] = account
    server.game.lines["login"] = lambda session: server.sessions.login(session, account)


def logged_in(conns: int = 1, mode: int = 0) -> tuple[TinyServer, ScriptedPortal]:
    """A server and a portal; the client of connection 1 is logged in and has a puppet."""
    server, portal = started(conns=conns, resume_grace_s=GRACE_S, mode=mode)
    logs_in(server)
    portal.type(1, 2, "login")
    portal.take()
    server.session(1).set_puppet(Account(8, "Anna"))
    portal.take()
    portal.ack()
    return server, portal


def lost(conns: int = 1, mode: int = 0) -> tuple[TinyServer, ScriptedPortal, ServerSession]:
    """As `logged_in`, and then connection 1 is lost."""
    server, portal = logged_in(conns, mode)
    session = server.session(1)
    portal.lose(1, 3)
    portal.take()
    return server, portal, session


def test_lost_connection_leaves_its_session_link_dead() -> None:
    server, portal, session = lost()
    assert session.is_link_dead
    assert session.key == link_dead_key(1)
    assert server.sessions.get(1) is session
    assert (session.uid, session.puid, session.logged_in) == (5, 8, True)
    assert portal.closed == [1]
    assert ("disconnect", 1) not in server.game.hooks
    [entry] = server.database.roster.values()
    assert (entry.key, entry.sessid, entry.account, entry.puppet) == (link_dead_key(1), 1, 5, 8)
    assert entry.state


def test_clean_end_ends_the_session() -> None:
    server, portal = logged_in()
    portal.leave(1, 3)
    portal.take()
    assert len(server.sessions) == 0


def test_lost_connection_ends_a_session_that_is_not_logged_in() -> None:
    server, portal = started(resume_grace_s=GRACE_S)
    portal.lose(1, 2)
    portal.take()
    assert len(server.sessions) == 0
    assert portal.closed == [1]


def test_lost_connection_ends_the_session_where_there_is_no_grace() -> None:
    server, portal = started(resume_grace_s=0.0)
    logs_in(server)
    portal.type(1, 2, "login")
    portal.lose(1, 3)
    portal.take()
    assert len(server.sessions) == 0


def test_what_is_said_to_a_link_dead_session_goes_nowhere() -> None:
    server, portal, session = lost(conns=2)
    server.turn.do(lambda: server.sessions.announce_all("hi"))
    server.turn.do(lambda: session.execute_cmd("look"))
    [row] = portal.take_rows()
    assert [output.to for output in row.outputs] == [[2]]


def test_lines_of_a_lost_connection_are_done_before_it_is_lost() -> None:
    server, portal = logged_in(conns=2)
    server.game.lines["say"] = lambda session: server.sessions.announce_all("hi")
    portal.type(1, 3, "say")
    portal.lose(1, 4)
    portal.take()
    assert portal.log[2] == ["hi"]
    assert server.sessions[1].is_link_dead


def test_command_that_waits_is_done_before_its_connection_is_lost() -> None:
    server, portal = logged_in()

    async def sleeps(session: ServerSession) -> None:
        await waits.sleep(1)
        server.game.change("awake")

    server.game.lines["sleep"] = sleeps
    portal.type(1, 3, "sleep")
    portal.lose(1, 4)
    portal.take()
    assert not server.sessions[1].is_link_dead
    server.turn.resume(server.only_wait().id)
    portal.take()
    assert len(server.database.changes) == 1
    assert server.sessions[1].is_link_dead


def test_link_dead_session_ends_when_its_grace_is_over() -> None:
    server, portal, session = lost(conns=2)
    server.turn.tick(server.now)
    server.turn.tick(server.now + GRACE_S - 1)
    assert not server.turn.has_work()
    server.turn.tick(server.now + GRACE_S)
    portal.take()
    assert server.sessions.get(1) is None
    assert server.database.roster.keys() == {key(2)}
    assert server.game.hooks[-1] == ("disconnect", 1)
    server.turn.tick(server.now + 2 * GRACE_S)
    assert not server.turn.has_work()


# Coming back.


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_login_takes_the_link_dead_session_back(mode: int) -> None:
    server, portal, session = lost(conns=2, mode=mode)
    session.ndb.purse = 7
    before = [hook for hook in server.game.hooks if hook[0] in ("login", "disconnect")]
    portal.type(2, 2, "login")
    [row] = portal.take_rows()
    assert server.sessions.by_key(key(2)) is session
    assert (session.sessid, session.ndb.purse, session.puid) == (1, 7, 8)
    assert [hook for hook in server.game.hooks if hook[0] in ("login", "disconnect")] == before
    assert server.game.hooks[-1] == ("back", 1)
    assert len(server.sessions) == 1
    [(conn, change)] = row.changes
    assert (conn, change["sessid"], change["uid"], change["puid"]) == (2, 1, 5, 8)
    assert row.cursors == [(2, 2)]
    [entry] = server.database.roster.values()
    assert (entry.key, entry.sessid, entry.state) == (key(2), 1, b"")


def test_session_that_is_back_is_that_of_its_new_client() -> None:
    server, portal, session = lost()
    portal.send(Connected(2, 1, "telnet/tls", "198.51.100.1", 7, {"ANSI": False}, 0.0))
    portal.type(2, 2, "login")
    portal.type(2, 3, "look")
    portal.take()
    assert (session.protocol_key, session.peer) == ("telnet/tls", ("198.51.100.1", 7))
    assert session.protocol_flags == {"ANSI": False}
    assert portal.log[2] == ["logged_in", "did look"]
    assert session.cmd_total == 2


def test_command_that_logs_in_goes_on_as_the_session_that_is_back() -> None:
    server, portal, session = lost(conns=2)

    async def login(client: ServerSession) -> None:
        await waits.sleep(1)
        server.sessions.login(client, ANNA)
        client.msg("to nobody")
        await waits.sleep(1)

    server.game.lines["login"] = login
    portal.type(2, 2, "login")
    portal.take()
    server.turn.resume(server.only_wait().id)
    portal.take()
    server.turn.resume(server.only_wait().id)
    portal.type(2, 3, "look")
    portal.take()
    assert portal.log[2] == ["logged_in", "did look"]
    assert not session.unfinished


def test_session_that_is_lost_again_waits_for_the_whole_grace() -> None:
    server, portal, session = lost(conns=2)
    server.turn.tick(server.now)
    portal.type(2, 2, "login")
    portal.lose(2, 3)
    portal.take()
    assert session.is_link_dead
    assert server.database.roster.keys() == {link_dead_key(1)}
    server.turn.tick(server.now + GRACE_S)
    assert not server.turn.has_work()


def test_latest_of_several_link_dead_sessions_comes_back() -> None:
    server, portal = logged_in(conns=3, mode=2)
    portal.type(2, 2, "login")
    portal.take()
    portal.lose(2, 3)
    portal.take()
    portal.lose(1, 3)
    portal.take()
    portal.type(3, 2, "login")
    portal.take()
    assert server.session(3).sessid == 1
    assert server.sessions[2].is_link_dead


def test_another_account_takes_no_session_back() -> None:
    server, portal, session = lost(conns=2)
    logs_in(server, Account(6, "bob"))
    portal.type(2, 2, "login")
    portal.take()
    assert session.is_link_dead
    assert server.session(2).uid == 6


# Dead portals and restarts.


def test_sessions_of_a_dead_portal_are_link_dead_and_others_end() -> None:
    server, portal = logged_in(conns=2)
    server.links._is_alive = lambda portal, incarnation: False
    server.now += 3
    server.find_dead()
    server.serve()
    assert [session.key for session in server.sessions] == [link_dead_key(1)]
    assert server.database.rows == []


def restarted(server: TinyServer, ended: Ending = Ending.CRASH) -> TinyServer:
    server.database.ended = ended
    new = TinyServer(
        server.database, resume_grace_s=GRACE_S, is_alive=lambda portal, incarnation: False
    )
    new.game.accounts = server.game.accounts
    return new


def test_link_dead_session_is_the_same_after_a_restart() -> None:
    server, portal, session = lost()
    session.server_data["door"] = "open"
    session.touch()
    portal.take()
    new = restarted(server)
    again = new.sessions[1]
    app = AppSession("test", silent=True)
    assert again.take_snapshot(app, SnapshotFlag.REBOOT) == session.take_snapshot(
        app, SnapshotFlag.REBOOT
    )
    assert again.key == link_dead_key(1)
    assert new.game.hooks == [("adopted", 1)]
    new.turn.tick(new.now)
    new.turn.tick(new.now + GRACE_S)
    new.run()
    assert new.database.roster == {}


def test_session_comes_back_after_a_restart() -> None:
    server, portal, session = lost()
    new = restarted(server)
    logs_in(new)
    other = ScriptedPortal(new, "q")
    other.hello()
    other.connect(1)
    other.type(1, 2, "login")
    other.take()
    assert new.session(1, "q").sessid == 1


def test_session_whose_portal_died_with_the_server_is_link_dead() -> None:
    server, _ = logged_in()
    new = restarted(server)
    new.now += 3
    new.find_dead()
    new.run()
    assert new.sessions[1].is_link_dead


def test_session_whose_portal_was_stopped_with_the_server_ends() -> None:
    server, _ = logged_in()
    new = restarted(server, Ending.STOP)
    new.now += 3
    new.find_dead()
    new.run()
    assert len(new.sessions) == 0


def test_link_dead_session_whose_state_is_damaged_is_still_there() -> None:
    server, _, _ = lost()
    [entry] = server.database.roster.values()
    server.database.roster[entry.key] = entry._replace(state=b"\xc1")
    new = restarted(server)
    assert (new.sessions[1].uid, new.sessions[1].puid) == (5, 8)


def test_stale_portal_that_comes_back_does_not_get_the_session_again() -> None:
    server, portal, session = lost()
    state = session.take_snapshot(AppSession("test", silent=True), SnapshotFlag.REBOOT)
    server.links._is_alive = lambda portal, incarnation: True
    portal.hello([Copy(1, 2, state, 0.0, 0.0, 0.0, 0)], last=None)
    portal.take()
    assert session.is_link_dead
    assert portal.closed == [1]
    assert len(server.sessions) == 1
