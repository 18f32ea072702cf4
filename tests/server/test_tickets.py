"""Clients that have shown who they are before their session begins."""

from __future__ import annotations

from everdoor.messages.accounts import AccountChange, AccountFound, RedeemTicket
from everdoor.messages.callmessage import CallKey
from everdoor.messages.stream import Copy
from everdoor_server.door import LOGGED_OUT
from everdoor_server.testing import World
from everdoor_server.waits import Call
from tinygame import TinyServer, key, started

TICKET = bytes(range(32))
UID = 1


def world_with_anna() -> World:
    world = World()
    assert world.auth.add("Anna", "a good password").uid == UID
    world.auth.issue(TICKET, "Anna")
    return world


def test_client_with_a_ticket_is_logged_in_at_once_and_sees_no_login_screen() -> None:
    anna = world_with_anna().connect(ticket=TICKET)
    shown = anna.read()
    assert anna.session.uname == "Anna" and anna.puppet is not None
    assert "You become" in shown and "connect <name>" not in shown


def test_ticket_that_is_refused_leads_to_the_login_screen() -> None:
    anna = world_with_anna().connect(ticket=b"another")
    shown = anna.read()
    assert not anna.session.logged_in
    assert shown.index("log in again") < shown.index("connect <name> <password>")
    assert "You become" in anna.type('connect Anna "a good password"')


def test_ticket_that_what_happened_since_has_overtaken_logs_nobody_in() -> None:
    world = world_with_anna()
    world.game.learn([], [AccountChange(1, UID, "logged_out", "Anna")])
    anna = world.connect(ticket=TICKET)
    assert not anna.session.logged_in
    shown = anna.read()
    assert LOGGED_OUT in shown and "connect <name> <password>" in shown


def test_ticket_is_redeemed_under_the_same_key_by_a_server_that_takes_over() -> None:
    server, portal = started()
    portal.connect(2, ticket=TICKET)
    (begun,) = portal.take_rows()
    assert begun.cursors == []
    first = server.only_wait()
    assert first.request == Call(RedeemTicket(TICKET))
    assert first.key == CallKey(key(2), 1, 1)
    portal.server = new = TinyServer(server.database)
    portal.hello([Copy(2, 0, begun.changes[0][1], 0.0, 0.0, 0.0, 0)])
    portal.connect(2, ticket=TICKET)
    portal.take()
    again = new.only_wait()
    assert (again.request, again.key) == (first.request, first.key)
    new.turn.resume(again.id, AccountFound(UID, "Anna", False))
    (row,) = portal.take_rows()
    assert row.cursors == [(2, 1)]
    assert new.session(2).uname == "Anna"
    assert (key(2), 1) in new.turn.take_answered()
