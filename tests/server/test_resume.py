"""Clients that come back with a token: to the same session, with what they lack."""

from __future__ import annotations

from hashlib import sha256

import pytest

from everdoor.ids import link_dead_key
from everdoor.messages.stream import Connected, Copy, KeptOutput, Row, Seen, Token
from everdoor.outputlog import MAX_KEPT_BYTES
from everdoor.state import AppSession, SnapshotFlag
from everdoor_server.adoption import LIMBO_S
from everdoor_server.linkdead import MISSING, NOT_RESUMED
from everdoor_server.session import ServerSession
from tinygame import Account, ScriptedPortal, TinyServer, key, started

ANNA = Account(5, "anna")
HASH = sha256(b"secret").digest()
NEXT_HASH = sha256(b"next").digest()


def with_token(conns: int = 1) -> tuple[TinyServer, ScriptedPortal, ServerSession]:
    """A server and a portal; the client of connection 1 is logged in and has a token."""
    server, portal = started(conns=conns, resume_grace_s=60.0)
    server.game.accounts[ANNA.id] = ANNA
    server.game.lines["login"] = lambda session: server.sessions.login(session, ANNA)
    server.game.lines["say"] = lambda session: server.sessions.announce_all("hi")
    portal.type(1, 2, "login")
    portal.take()
    portal.send(Token(1, 3, HASH))
    portal.take()
    portal.ack()
    portal.log.clear()
    return server, portal, server.session(1)


def say(server: TinyServer, session: ServerSession, *texts: str) -> None:
    """Have the session be shown something in the next turn."""
    for text in texts:
        server.turn.do(lambda text=text: session.msg(text))  # type: ignore[misc]


def come_back(portal: ScriptedPortal, conn: int, seen: int, token: bytes = HASH) -> None:
    portal.send(Connected(conn, 1, "websocket", "198.51.100.1", 7, {}, 0.0, token, seen))


def state_of(session: ServerSession) -> dict[str, object]:
    return session.take_snapshot(AppSession("test", silent=True), SnapshotFlag.REBOOT)


def test_token_is_in_the_state_and_in_the_roster() -> None:
    server, portal, session = with_token()
    assert state_of(session)["resume"] == HASH
    assert server.database.roster[key(1)].resume == HASH


def test_what_a_lost_client_lacks_is_stored_and_shown_when_it_is_back() -> None:
    server, portal, session = with_token()
    say(server, session, "one", "two")
    portal.take()
    portal.lose(1, 4)
    portal.take()
    say(server, session, "three")
    portal.take()
    assert [(m.sessid, m.number) for m in server.database.missed] == [(1, 1), (1, 2), (1, 3)]
    come_back(portal, 2, seen=1)
    portal.take()
    assert portal.log[2] == ["logged_in", "two", "three"]
    assert server.sessions.by_key(key(2)) is session
    assert (session.sessid, session.protocol_key, session.resume) == (1, "websocket", b"")
    assert server.database.missed == []
    assert server.database.roster.keys() == {key(2)}
    assert ("connected", 2) not in server.game.hooks
    assert server.game.hooks[-1] == ("back", 1)


def test_client_that_has_all_is_shown_nothing_again() -> None:
    server, portal, session = with_token()
    say(server, session, "one")
    portal.take()
    portal.lose(1, 4)
    portal.take()
    come_back(portal, 2, seen=1)
    portal.take()
    assert portal.log[2] == ["logged_in"]


def test_outputs_are_numbered_from_the_row_that_brings_the_token() -> None:
    server, portal, session = with_token()
    say(server, session, "old")
    portal.take()
    portal.type(1, 4, "look")
    portal.send(Token(1, 5, NEXT_HASH))
    portal.type(1, 6, "think")
    portal.take()
    portal.lose(1, 7)
    portal.take()
    come_back(portal, 2, 0, NEXT_HASH)
    portal.take()
    assert portal.log[2] == ["logged_in", "did look", "did think"]


def test_token_is_good_once() -> None:
    server, portal, session = with_token()
    portal.lose(1, 4)
    portal.take()
    come_back(portal, 2, 0)
    come_back(portal, 3, 0)
    portal.take()
    assert portal.log[3] == [NOT_RESUMED]
    assert len(server.sessions) == 2
    assert not server.session(3).logged_in


def test_token_dies_with_its_session() -> None:
    server, portal, session = with_token()
    portal.leave(1, 4)
    portal.take()
    come_back(portal, 2, 0)
    portal.take()
    assert portal.log[2] == [NOT_RESUMED]
    assert ("connected", 3) not in server.game.hooks or len(server.sessions) == 1


def test_login_makes_the_token_void() -> None:
    server, portal, session = with_token(conns=2)
    portal.lose(1, 4)
    portal.type(2, 2, "login")
    portal.take()
    assert session.resume == b""
    come_back(portal, 3, 0)
    portal.take()
    assert portal.log[3] == [NOT_RESUMED]


def test_next_token_counts_what_was_shown_again() -> None:
    server, portal, session = with_token()
    say(server, session, "one")
    portal.take()
    portal.lose(1, 4)
    portal.take()
    come_back(portal, 2, 0)
    portal.send(Token(2, 2, NEXT_HASH))
    portal.take()
    portal.lose(2, 3)
    portal.take()
    come_back(portal, 3, 0, NEXT_HASH)
    portal.take()
    assert portal.log[3] == ["logged_in", "logged_in", "one"]


def test_stale_connection_is_taken_over_and_closed() -> None:
    server, portal, session = with_token()
    say(server, session, "one")
    portal.take()
    come_back(portal, 2, 0)
    portal.type(2, 2, "look")
    portal.type(1, 4, "look")
    portal.take()
    assert portal.closed == [1]
    assert portal.log[2] == ["logged_in", "one", "did look"]
    assert len(server.sessions) == 1


def test_session_that_is_taken_over_leaves_one_that_is_link_dead_alone() -> None:
    server, portal, session = with_token(conns=2)
    bob = Account(6, "bob")
    server.game.lines["login bob"] = lambda client: server.sessions.login(client, bob)
    portal.type(2, 2, "login bob")
    portal.send(Token(2, 3, NEXT_HASH))
    portal.take()
    other = ScriptedPortal(server, "q")
    other.hello()
    other.take()
    portal.lose(1, 4)
    come_back(other, 1, 0, NEXT_HASH)
    other.take()
    assert server.database.roster.keys() == {link_dead_key(1), key(1, "q")}


def test_confirmed_outputs_are_kept_no_longer() -> None:
    server, portal, session = with_token()
    say(server, session, "one", "two", "three")
    portal.take()
    portal.send(Seen(1, 4, 2))
    portal.take()
    portal.lose(1, 5)
    portal.take()
    assert [m.number for m in server.database.missed] == [3]


@pytest.mark.parametrize("is_away", [True, False])
def test_client_is_told_that_something_is_missing(is_away: bool) -> None:
    server, portal, session = with_token()
    if is_away:
        portal.lose(1, 4)
        portal.take()
    say(server, session, *("x" * 10_000 for _ in range(10)))
    portal.take()
    stored = sum(len(m.body) for m in server.database.missed)
    assert stored <= MAX_KEPT_BYTES
    assert bool(stored) is is_away
    come_back(portal, 2, 0)
    portal.take()
    assert portal.log[2][:2] == ["logged_in", MISSING]
    assert len(portal.log[2]) == 2 + MAX_KEPT_BYTES // 10_100


def test_what_is_stored_is_never_more_than_is_kept() -> None:
    server, portal, session = with_token()
    portal.lose(1, 4)
    portal.take()
    for _ in range(20):
        say(server, session, "x" * 10_000)
        portal.take()
        assert sum(len(m.body) for m in server.database.missed) <= MAX_KEPT_BYTES
    assert [m.number for m in server.database.missed] == list(range(15, 21))


# Restarts and dead portals.


def restarted(server: TinyServer, is_alive: bool = True) -> tuple[TinyServer, ScriptedPortal]:
    """The next generation, and a portal of it whose first client is to come back."""
    new = TinyServer(
        server.database, resume_grace_s=60.0, is_alive=lambda portal, incarnation: is_alive
    )
    new.game.accounts = server.game.accounts
    other = ScriptedPortal(new, "q")
    other.hello()
    return new, other


def test_what_a_link_dead_session_misses_outlives_the_server() -> None:
    server, portal, session = with_token()
    say(server, session, "one", "two")
    portal.take()
    portal.lose(1, 4)
    portal.take()
    new, other = restarted(server)
    new.turn.do(lambda: new.sessions.announce_all("three"))
    new.run()
    come_back(other, 1, seen=1)
    other.take()
    assert other.log[1] == ["logged_in", "two", "three"]


def test_numbers_go_on_after_a_restart_when_all_was_confirmed() -> None:
    server, portal, session = with_token()
    say(server, session, "one", "two")
    portal.take()
    portal.send(Seen(1, 4, 2))
    portal.lose(1, 5)
    portal.take()
    new, other = restarted(server)
    new.turn.do(lambda: new.sessions.announce_all("three"))
    new.run()
    assert [m.number for m in new.database.missed] == [3]
    come_back(other, 1, seen=2)
    other.take()
    assert other.log[1] == ["logged_in", "three"]


def test_log_is_taken_over_from_the_portal_and_the_rows_that_it_lacks() -> None:
    server, portal, session = with_token()
    say(server, session, "one")
    server.run()
    state = state_of(session)
    say(server, session, "two")
    server.run()
    new = TinyServer(server.database, resume_grace_s=60.0)
    new.game.accounts = server.game.accounts
    portal.server = new
    applied = server.database.rows[-2].id
    kept = [KeptOutput("text", ["one"], {})]
    portal.hello([Copy(1, 3, state, 0.0, 0.0, 0.0, 1, 1, kept)], last=applied)
    portal.take()
    portal.lose(1, 4)
    portal.take()
    come_back(portal, 2, seen=0)
    portal.take()
    assert portal.log[2] == ["logged_in", "one", "two"]


def test_client_of_a_dead_portal_comes_back_with_what_it_lacks() -> None:
    server, portal, session = with_token()
    say(server, session, "one")
    server.run()
    server.links._is_alive = lambda portal, incarnation: False
    server.now += 3
    server.find_dead()
    server.run()
    assert session.key == link_dead_key(1)
    other = ScriptedPortal(server, "q")
    other.hello()
    come_back(other, 1, 0)
    other.take()
    assert other.log[1] == ["logged_in", "one"]


def test_client_comes_back_to_a_session_whose_portal_is_not_back_yet() -> None:
    server, portal, session = with_token()
    say(server, session, "one")
    portal.take()
    state = state_of(session)
    new, other = restarted(server)
    come_back(other, 1, 1)
    for waited_s in (0.0, 0.1, LIMBO_S):
        assert other.take_rows() == []
        new.turn.tick(new.now + waited_s)
    other.take()
    assert other.log[1] == ["logged_in", MISSING]
    portal.server = new
    portal.hello([Copy(1, 3, state, 0.0, 0.0, 0.0, 1)])
    rows = [m for m in portal.take() if isinstance(m, Row)]
    assert [conn for row in rows for conn, _ in row.closes] == [1]
    assert len(new.sessions) == 1
    assert new.sessions.by_key(key(1, "q", 1)) is not None


def test_client_waits_for_the_portal_that_knows_its_session() -> None:
    server, portal, session = with_token()
    session.server_data["door"] = "open"
    session.touch()
    say(server, session, "one")
    portal.take()
    state = state_of(session)
    new, other = restarted(server)
    come_back(other, 1, seen=0)
    other.type(1, 2, "look")
    new.turn.tick(new.now)
    assert other.take_rows() == []
    portal.server = new
    kept = [KeptOutput("text", ["one"], {})]
    portal.hello([Copy(1, 3, state, 0.0, 0.0, 0.0, 1, 1, kept)])
    new.turn.tick(new.now + 0.25)
    other.take()
    assert other.log[1] == ["logged_in", "one", "did look"]
    assert new.session(1, "q").server_data == {"door": "open"}
