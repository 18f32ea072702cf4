"""Prompts through the turn: who answers them, and what becomes of them when the server ends."""

from __future__ import annotations

import pytest

from everdoor.messages.accounts import AccountFound
from everdoor.messages.stream import Copy, FlagsChanged, Input
from everdoor.state import AppSession, SnapshotFlag
from everdoor_server import waits
from everdoor_server.adoption import INTERRUPTED
from everdoor_server.driving import VOID, may_be_secret
from everdoor_server.session import ServerSession
from tinygame import Account, Does, ScriptedPortal, TinyServer, started

APP = AppSession("test", silent=True, minimal=True)


async def log_in(session: ServerSession) -> None:
    name = await waits.ask("Name? ")
    password = await waits.ask("Password? ", hidden=True)
    found = await waits.authenticate(name, password, session.address)
    session.set_account(Account(found.uid, found.name))
    session.msg(f"welcome {found.name}")


def answer(portal: ScriptedPortal, seq: int, text: str, prompt: int) -> None:
    portal.send(Input(1, seq, text, prompt))


def copy(server: TinyServer, cursor: int) -> Copy:
    session = server.session(1)
    state = session.take_snapshot(APP, SnapshotFlag.REBOOT)
    return Copy(1, cursor, state, 0.0, 0.0, 0.0, 0)


def after_crash(
    server: TinyServer, portal: ScriptedPortal, cursor: int, begin_again: Does = log_in
) -> TinyServer:
    """A new generation that the portal greets; who was asked logs in anew."""
    held = copy(server, cursor)
    new = TinyServer(server.database, now=server.now, lines=server.game.lines)
    new.game.on_interrupted = begin_again
    portal.server = new
    portal.hello([held])
    return new


def test_lines_answer_what_was_asked_and_the_cursor_follows() -> None:
    server, portal = started()
    server.game.lines["login"] = log_in
    portal.type(1, 2, "login")
    [row] = portal.take_rows()
    assert row.cursors == [(1, 2)]
    assert row.changes == [(1, {"unfinished": 2, "prompt": 1, "is_asked": True})]
    assert [(one.name, one.args, one.options) for one in row.outputs] == [
        ("prompt", ["Name? "], {"hidden": False})
    ]
    answer(portal, 3, "Anna", 1)
    [row] = portal.take_rows()
    assert row.outputs[0].options == {"hidden": True}
    answer(portal, 4, "secret", 2)
    assert portal.take_rows() == [], "nothing is shown while auth is asked"
    waiting = server.only_wait()
    assert waiting.key.seq == 4
    server.turn.resume(waiting.id, AccountFound(5, "Anna", False))
    [row] = portal.take_rows()
    assert row.cursors == [(1, 4)]
    change = dict(row.changes)[1]
    assert (change["is_asked"], change["unfinished"], change["uname"]) == (False, 0, "Anna")
    assert portal.log[1] == ["Name? ", "Password? ", "welcome Anna"]


def test_lines_typed_ahead_are_answers_too() -> None:
    server, portal = started()
    server.game.lines["login"] = log_in
    for seq, text in enumerate(("login", "Anna", "secret", "look"), start=2):
        portal.type(1, seq, text)
    portal.take()
    call = server.only_wait()
    assert (call.request.call.name, call.request.call.password) == ("Anna", "secret")
    server.turn.resume(call.id, AccountFound(5, "Anna", False))
    portal.take()
    assert portal.log[1][-2:] == ["welcome Anna", "did look"]


def test_keepalive_and_flags_answer_nothing() -> None:
    server, portal = started()
    server.game.lines["login"] = log_in
    portal.type(1, 2, "login")
    portal.take()
    answer(portal, 3, "idle", 1)
    portal.send(FlagsChanged(1, 4, {"SCREENWIDTH": 100}))
    [row] = portal.take_rows()
    assert (row.cursors, row.outputs) == ([(1, 4)], [])
    assert server.session(1).is_asked
    assert server.session(1).get_client_size()[0] == 100
    answer(portal, 5, "Anna", 1)
    portal.take()
    assert portal.log[1] == ["Name? ", "Password? "]


def test_client_that_leaves_at_a_prompt_is_gone() -> None:
    server, portal = started()
    server.game.lines["login"] = log_in
    portal.type(1, 2, "login")
    portal.take()
    portal.leave(1, 3)
    portal.take()
    assert portal.closed == [1]
    assert len(server.sessions) == 0


def test_password_typed_before_a_crash_is_done_nowhere_and_the_prompt_begins_again() -> None:
    server, portal = started()
    server.game.lines["login"] = log_in
    portal.type(1, 2, "login")
    answer(portal, 3, "Anna", 1)
    portal.take()
    new = after_crash(server, portal, 3)
    answer(portal, 4, "secret", 2)
    answer(portal, 5, "look", 2)
    portal.take()
    assert portal.log[1] == ["Name? ", "Password? ", INTERRUPTED, "Name? ", VOID, VOID]
    assert new.turn.take_waits() == []
    answer(portal, 6, "Anna", new.session(1).prompt)
    portal.take()
    assert portal.log[1][-1] == "Password? "


def test_password_that_auth_was_being_asked_about_logs_nobody_in_after_a_crash() -> None:
    server, portal = started()
    server.game.lines["login"] = log_in
    for seq, text in enumerate(("login", "Anna", "secret"), start=2):
        portal.type(1, seq, text)
    portal.take()
    new = after_crash(server, portal, 3)
    answer(portal, 4, "secret", 2)
    portal.take()
    assert new.turn.take_waits() == []
    assert not new.session(1).logged_in
    assert portal.log[1][-2:] == ["Name? ", VOID]


def test_prompt_that_began_again_begins_again_after_a_further_crash() -> None:
    server, portal = started()
    server.game.lines["login"] = log_in
    portal.type(1, 2, "login")
    portal.take()
    second = after_crash(server, portal, 2)
    portal.take()
    third = after_crash(second, portal, 2)
    answer(portal, 3, "secret", 2)
    portal.take()
    assert portal.log[1] == ["Name? ", INTERRUPTED, "Name? ", INTERRUPTED, "Name? ", VOID]
    assert third.session(1).is_asked


def test_lines_after_a_finished_prompt_are_run_also_when_a_crash_comes_between() -> None:
    server, portal = started()
    server.game.lines["login"] = log_in
    for seq, text in enumerate(("login", "Anna", "secret"), start=2):
        portal.type(1, seq, text)
    portal.take()
    server.turn.resume(server.only_wait().id, AccountFound(5, "Anna", False))
    portal.take()
    after_crash(server, portal, 4)
    answer(portal, 5, "look", 1)
    portal.take()
    assert portal.log[1][-1] == "did look"


@pytest.mark.parametrize(
    ("logged_in", "text", "asked", "secret"),
    [
        (True, "say hello", False, False),
        (True, "", False, False),
        (True, "password old = new", False, True),
        (True, "UserPassword anna=new", False, True),
        (True, "connect Anna old", False, True),
        (True, "hello", True, True),
        (False, "say hello", False, True),
    ],
)
def test_line_that_may_hold_a_password_is_kept_secret(
    logged_in: bool, text: str, asked: bool, secret: bool
) -> None:
    server, _ = started()
    session = server.session(1)
    session.logged_in, session.is_asked = logged_in, asked
    assert may_be_secret(session, Input(1, 2, text)) is secret


def test_line_that_was_typed_ahead_of_a_prompt_is_kept_secret() -> None:
    server, portal = started()
    session = server.session(1)
    session.logged_in, session.prompt = True, 2
    assert may_be_secret(session, Input(1, 2, "hello", 1))
    assert not may_be_secret(session, Input(1, 2, "hello", 2))
    answer(portal, 2, "look", 1)
    portal.take()
    assert session.may_be_secret("hello")
    answer(portal, 3, "look", 2)
    portal.take()
    assert not session.may_be_secret("hello")


def test_command_that_fails_to_begin_again_disturbs_nobody() -> None:
    server, portal = started()
    server.game.lines["login"] = log_in
    portal.type(1, 2, "login")
    portal.take()

    def fail(session: ServerSession) -> None:
        raise ValueError("no")

    new = after_crash(server, portal, 2, fail)
    answer(portal, 3, "look", new.session(1).prompt)
    portal.take()
    assert [text for _, text in new.game.errors] == ["no"]
    assert portal.log[1][-1] == "did look"
