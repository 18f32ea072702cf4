"""Turns: frames in, rows and commits out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from everdoor.codec import decode_row
from everdoor.errors import CallRefused
from everdoor.ids import Incarnation, RowId
from everdoor.messages.accounts import AccountFound, Authenticate
from everdoor.messages.callmessage import CallKey
from everdoor.messages.stream import Copy, FlagsChanged, Output, Row
from everdoor_server import turn as turns
from everdoor_server import waits
from everdoor_server.adoption import INTERRUPTED
from everdoor_server.commit import Change, KnownPortal, RosterEntry
from everdoor_server.driving import MAX_INJECTED
from everdoor_server.session import ServerSession
from everdoor_server.waits import Call, Pause, Running
from tinygame import (
    Account,
    Database,
    ScriptedPortal,
    TinyServer,
    after_crash,
    copy_of,
    key,
    started,
)

# Coming, typing, leaving.


def test_turn_gives_a_new_session_its_sessid_and_state_in_one_row() -> None:
    server = TinyServer(Database())
    server.game.on_connect = lambda session: session.msg("welcome")
    portal = ScriptedPortal(server)
    portal.hello()
    portal.connect(1)
    [row] = portal.take_rows()
    assert row.cursors == [(1, 1)]
    assert row.changes[0][1]["sessid"] == 1
    assert row.outputs == [Output([1], "text", ["welcome"], {})]
    assert server.database.roster == {key(1): RosterEntry(key(1), 1, None, None)}
    assert server.database.last_sessid == 1


def test_turn_writes_the_portal_with_its_first_commit() -> None:
    server, _ = started()
    assert server.database.portals == {"p": KnownPortal("p", Incarnation(1, 7), "here")}


def test_turn_runs_lines_in_order_and_moves_the_cursor() -> None:
    server, portal = started()
    for seq, text in enumerate(("a", "b", "c"), start=2):
        portal.type(1, seq, text)
    [row] = portal.take_rows()
    assert row.cursors == [(1, 4)]
    assert portal.log[1] == ["did a", "did b", "did c"]


def test_turn_ignores_inputs_that_come_again() -> None:
    server, portal = started()
    portal.type(1, 2, "a")
    portal.type(1, 2, "a")
    portal.take()
    portal.type(1, 2, "a")
    portal.connect(1)
    portal.take()
    assert portal.log[1] == ["did a"]


def test_turn_ignores_an_input_that_skips_one() -> None:
    server, portal = started()
    portal.type(1, 3, "b")
    assert portal.take_rows() == []
    portal.type(1, 2, "a")
    portal.type(1, 3, "b")
    portal.take()
    assert portal.log[1] == ["did a", "did b"]


def test_turn_ignores_an_unknown_connection_that_does_not_begin_with_connected() -> None:
    server, portal = started()
    portal.type(9, 2, "a")
    assert portal.take_rows() == []
    assert len(server.sessions) == 1


def test_turn_does_not_begin_a_connection_again_that_a_row_still_closes() -> None:
    server, portal = started()
    portal.leave(1, 2)
    server.run()
    portal.connect(1)
    portal.take()
    assert len(server.sessions) == 0
    assert portal.closed == [1]


def test_turn_ends_the_session_when_the_client_leaves() -> None:
    server, portal = started()
    portal.leave(1, 2)
    [row] = portal.take_rows()
    assert row.closes == [(1, "client closed the connection")]
    assert row.cursors == []
    assert len(server.sessions) == 0
    assert server.database.roster == {}
    assert server.game.hooks[-1] == ("disconnect", 1)


def test_turn_takes_over_what_a_client_says_it_can_do() -> None:
    server, portal = started()
    portal.send(FlagsChanged(1, 2, {"SCREENWIDTH": 120}))
    [row] = portal.take_rows()
    assert row.changes == [(1, {"protocol_flags": {"SCREENWIDTH": 120}})]
    assert server.session(1).get_client_size() == (120, 45)


def test_turn_counts_lines_but_not_keepalives() -> None:
    server, portal = started()
    portal.type(1, 2, "look")
    portal.take()
    server.now += 5
    portal.type(1, 3, " idle ")
    portal.take()
    session = server.session(1)
    assert session.cmd_total == 1
    assert session.cmd_last - session.cmd_last_visible == 5


def test_turn_with_nothing_to_say_writes_nothing() -> None:
    server, portal = started()
    assert server.run() is None


def test_turn_ends_after_its_time_and_goes_on_in_the_next() -> None:
    server, portal = started(conns=2)

    def slow(session: ServerSession) -> None:
        server.now += 2 * turns.TURN_S

    server.game.lines["slow"] = slow
    portal.type(1, 2, "slow")
    portal.type(2, 2, "slow")
    [row] = portal.take_rows()
    assert row.cursors == [(1, 2)]
    assert server.turn.has_work()
    [row] = portal.take_rows()
    assert row.cursors == [(2, 2)]
    assert not server.turn.has_work()


def test_turn_runs_one_line_of_each_session_before_the_next_of_any() -> None:
    server, portal = started(conns=2)
    order: list[int] = []
    server.game.lines["x"] = lambda session: order.append(session.sessid)
    for seq in (2, 3):
        for conn in (1, 2):
            portal.type(conn, seq, "x")
    server.run()
    assert order == [1, 2, 1, 2]


# What a commit holds.


def test_commit_says_a_row_for_each_portal_with_the_same_id() -> None:
    server, portal = started()
    other = ScriptedPortal(server, "q")
    other.hello()
    other.connect(1)
    other.take()
    server.game.lines["say"] = lambda session: server.sessions.announce_all("hi")
    portal.type(1, 2, "say")
    commit = server.run()
    assert commit is not None
    assert [(row.portal, row.id) for row in commit.rows] == [
        ("p", RowId(1, commit.n)),
        ("q", RowId(1, commit.n)),
    ]


def test_commit_shares_one_output_among_the_receivers_of_a_portal() -> None:
    server, portal = started(conns=3)
    server.game.lines["say"] = lambda session: server.sessions.announce_all("hi")
    portal.type(1, 2, "say")
    [row] = portal.take_rows()
    assert row.outputs == [Output([1, 2, 3], "text", ["hi"], {})]


def test_commit_holds_changes_of_the_world_and_the_output_that_tells_them() -> None:
    server, portal = started()

    def make(session: ServerSession) -> None:
        server.game.change("lamp")
        session.msg("made")

    server.game.lines["make"] = make
    portal.type(1, 2, "make")
    commit = server.run()
    assert commit is not None
    assert commit.changes == [Change("thing", {"id": 1}, {"name": "lamp"})]
    assert len(commit.rows) == 1


def test_commit_of_changes_without_rows_is_written() -> None:
    server, portal = started()
    server.game.change("weather")
    commit = server.run()
    assert commit is not None
    assert commit.rows == []
    assert len(commit.changes) == 1


def test_commit_trims_rows_that_were_acknowledged() -> None:
    server, portal = started()
    assert len(server.database.rows) == 1
    portal.type(1, 2, "a")
    portal.take()
    assert [row.id for row in server.database.rows] == [RowId(1, 2)]


def test_acknowledgement_alone_writes_nothing() -> None:
    server, portal = started()
    portal.ack()
    assert server.run() is None


def test_commit_follows_the_roster_through_login_and_puppet() -> None:
    server, portal = started()
    account, puppet = Account(5, "anna"), Account(8, "Anna")

    def login(session: ServerSession) -> None:
        server.sessions.login(session, account)
        session.set_puppet(puppet)

    server.game.lines["login"] = login
    portal.type(1, 2, "login")
    portal.take()
    assert server.database.roster[key(1)] == RosterEntry(key(1), 1, 5, 8)


def test_commit_leaves_out_of_the_roster_who_came_and_went_in_one_turn() -> None:
    server = TinyServer(Database())
    server.game.on_connect = lambda session: session.disconnect("full")
    portal = ScriptedPortal(server)
    portal.hello()
    portal.connect(1)
    portal.take()
    assert server.database.roster == {}
    assert portal.closed == [1]
    assert portal.log[1] == ["full"]


# What goes wrong in a game.


def test_line_that_raises_is_reported_and_disturbs_nobody() -> None:
    server, portal = started(conns=2)

    def fail(session: ServerSession) -> None:
        server.game.change("half")
        session.msg("before")
        raise ValueError("broken")

    server.game.lines["fail"] = fail
    portal.type(1, 2, "fail")
    portal.type(2, 2, "look")
    [row] = portal.take_rows()
    assert portal.log == {1: ["before", "error 1-2"], 2: ["did look"]}
    assert sorted(row.cursors) == [(1, 2), (2, 2)]
    assert server.game.errors == [("1-2", "broken")]
    assert len(server.database.changes) == 1


def test_line_that_was_set_off_and_raises_is_reported() -> None:
    server, portal = started(conns=2)

    def fail(session: ServerSession) -> None:
        raise ValueError("broken")

    def both(session: ServerSession) -> None:
        session.execute_cmd("fail")
        server.session(2).execute_cmd("fail")

    server.game.lines |= {"fail": fail, "both": both}
    portal.type(1, 2, "both")
    portal.take()
    assert server.game.errors == [("1-2", "broken"), ("2-1", "broken")]
    assert portal.log == {1: ["error 1-2"], 2: ["error 2-1"]}


def test_coroutine_that_raises_is_reported_with_the_line_it_began_with() -> None:
    server, portal = started()

    async def fail(session: ServerSession) -> None:
        await waits.sleep(1)
        raise ValueError("broken")

    server.game.lines["fail"] = fail
    portal.type(1, 2, "fail")
    portal.take()
    server.turn.resume(server.only_wait().id)
    [row] = portal.take_rows()
    assert server.game.errors == [("1-2", "broken")]
    assert row.cursors == [(1, 2)]


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ({"oob": [object()]}, "oob['args'][0]: object"),
        ({"oob\udc80": 1}, "name['output']: str with a lone surrogate"),
    ],
)
def test_output_that_no_portal_can_be_sent_is_the_error_of_its_line(
    output: dict[str, Any], told: str
) -> None:
    server, portal = started(conns=2)
    server.game.lines["bad"] = lambda session: session.msg(**output)
    portal.type(1, 2, "bad")
    portal.type(2, 2, "look")
    portal.take()
    assert portal.log == {1: ["error 1-2"], 2: ["did look"]}
    [(_, error)] = server.game.errors
    assert error.startswith(told)


def test_state_that_no_portal_can_be_sent_costs_that_change_only() -> None:
    server, portal = started(conns=2)

    def spoil(session: ServerSession) -> None:
        session.server_data["bad"] = 2**70
        session.touch()
        session.msg("done")

    server.game.lines["spoil"] = spoil
    portal.type(1, 2, "spoil")
    portal.type(2, 2, "look")
    [row] = portal.take_rows()
    assert row.changes == []
    assert portal.log == {1: ["done"], 2: ["did look"]}


@pytest.mark.parametrize("reason", ["x" * 1000, None, ""])
def test_end_of_a_session_is_told_whatever_the_reason(reason: str) -> None:
    server, portal = started()
    server.game.lines["end"] = lambda session: session.disconnect(reason)
    portal.type(1, 2, "end")
    [row] = portal.take_rows()
    assert row.closes == [(1, (reason or "")[:200])]


def test_hook_that_raises_while_a_session_is_adopted_disturbs_nobody() -> None:
    server, portal = started(conns=2)
    copies = [copy_of(server.session(conn), 1) for conn in (1, 2)]
    new = TinyServer(server.database)

    def fail(session: ServerSession) -> None:
        if session.sessid == 1:
            raise ValueError("broken")

    new.game.on_adopt = fail
    portal.server = new
    portal.hello(copies)
    portal.type(2, 2, "look")
    portal.take()
    assert portal.log[2] == ["did look"]
    assert len(new.game.errors) == 1


# Lines that a line sets off.


def test_lines_set_off_run_before_the_cursor_moves() -> None:
    server, portal = started()

    def twice(session: ServerSession) -> None:
        session.msg("twice")
        session.execute_cmd("a")
        session.execute_cmd("b")

    server.game.lines["twice"] = twice
    portal.type(1, 2, "twice")
    portal.type(1, 3, "c")
    [row] = portal.take_rows()
    assert portal.log[1] == ["twice", "did a", "did b", "did c"]
    assert row.cursors == [(1, 3)]
    assert server.session(1).cmd_total == 2


def test_line_set_off_for_another_runs_as_that_session() -> None:
    server, portal = started(conns=2)
    server.game.lines["force"] = lambda session: server.session(2).execute_cmd("look")
    portal.type(1, 2, "force")
    [row] = portal.take_rows()
    assert portal.log == {2: ["did look"]}
    assert row.cursors == [(1, 2)]


def test_line_set_off_for_another_runs_though_the_first_waits_and_is_not_run_again() -> None:
    server, portal = started(conns=2)

    async def force(session: ServerSession) -> None:
        server.session(2).execute_cmd("look")
        await waits.sleep(1)

    server.game.lines["force"] = force
    portal.type(1, 2, "force")
    [row] = portal.take_rows()
    assert portal.log == {2: ["did look"]}
    assert row.cursors == [(1, 2)]


def test_line_that_sets_itself_off_ends() -> None:
    server, portal = started()
    runs: list[int] = []

    def again(session: ServerSession) -> None:
        runs.append(1)
        session.execute_cmd("again")

    server.game.lines["again"] = again
    portal.type(1, 2, "again")
    [row] = portal.take_rows()
    assert len(runs) == 1 + MAX_INJECTED
    assert row.cursors == [(1, 2)]


def test_two_sessions_that_set_each_other_off_end() -> None:
    server, portal = started(conns=2)
    runs: list[int] = []

    def ping(session: ServerSession) -> None:
        runs.append(session.sessid)
        server.session(3 - session.key.conn).execute_cmd("ping")

    server.game.lines["ping"] = ping
    portal.type(1, 2, "ping")
    portal.take()
    assert len(runs) == 1 + MAX_INJECTED


def test_session_may_be_made_to_do_any_number_of_lines_by_others() -> None:
    server, portal = started(conns=2)
    server.game.lines["force"] = lambda session: server.session(2).execute_cmd("look")
    most = MAX_INJECTED + 10
    for seq in range(2, 2 + most):
        portal.type(1, seq, "force")
    portal.take()
    assert portal.log[2] == ["did look"] * most


# Sessions that others end.


def test_session_that_was_ended_does_nothing_more() -> None:
    server, portal = started(conns=2)
    server.game.lines["kick"] = lambda session: server.session(2).disconnect("out")
    portal.type(1, 2, "kick")
    portal.type(2, 2, "look")
    portal.take()
    portal.type(2, 3, "look")
    portal.take()
    assert portal.log == {2: ["out"]}
    assert portal.closed == [2]


def test_session_that_ends_abandons_what_it_waits_for() -> None:
    server, portal = started(conns=2)
    abandoned: list[bool] = []

    async def wait(session: ServerSession) -> None:
        try:
            await waits.sleep(1)
        finally:
            abandoned.append(True)
        server.game.change("too late")

    server.game.lines["wait"] = wait
    server.game.lines["kick"] = lambda session: server.session(2).disconnect("out")
    portal.type(2, 2, "wait")
    portal.take()
    waiting = server.only_wait()
    portal.type(1, 2, "kick")
    portal.take()
    assert abandoned == [True]
    server.turn.resume(waiting.id)
    portal.take()
    assert server.database.changes == []


def test_command_that_ends_its_own_session_and_waits_is_abandoned() -> None:
    server, portal = started()

    async def leave(session: ServerSession) -> None:
        session.disconnect("bye")
        await waits.sleep(1)

    server.game.lines["leave"] = leave
    portal.type(1, 2, "leave")
    portal.take()
    assert server.turn.take_waits() == []
    assert portal.closed == [1]


def test_abandoned_command_that_raises_disturbs_nobody() -> None:
    server, portal = started(conns=2)

    async def wait(session: ServerSession) -> None:
        try:
            await waits.sleep(1)
        finally:
            raise ValueError("broken")

    server.game.lines["wait"] = wait
    server.game.lines["kick"] = lambda session: server.session(2).disconnect("out")
    portal.type(2, 2, "wait")
    portal.take()
    portal.type(1, 2, "kick")
    portal.type(1, 3, "look")
    portal.take()
    assert portal.log[1] == ["did look"]


def test_session_that_has_ended_is_neither_shown_anything_nor_present_again() -> None:
    server, portal = started(conns=2)
    gone = server.session(2)
    server.game.lines["kick"] = lambda session: gone.disconnect("out")
    portal.type(1, 2, "kick")
    portal.take()

    def haunt(session: ServerSession) -> None:
        gone.msg("boo")
        gone.update_flags(ANSI=True)

    server.game.lines["haunt"] = haunt
    portal.type(1, 3, "haunt")
    [row] = portal.take_rows()
    assert (row.outputs, row.changes) == ([], [])
    assert list(server.database.roster) == [key(1)]


# Commands that wait.


def test_command_that_only_waited_moves_no_cursor_and_is_run_again_after_a_crash() -> None:
    server, portal = started()
    runs: list[int] = []

    async def wait(session: ServerSession) -> None:
        runs.append(1)
        await waits.sleep(2.5)
        session.msg("woke")

    server.game.lines["wait"] = wait
    portal.type(1, 2, "wait")
    assert portal.take_rows() == []
    assert server.only_wait().request == Pause(2.5)
    new = after_crash(server, portal, copy_of(server.session(1), 1))
    portal.type(1, 2, "wait")
    portal.take()
    new.turn.resume(new.only_wait().id)
    [row] = portal.take_rows()
    assert len(runs) == 2
    assert portal.log[1] == ["woke"]
    assert row.cursors == [(1, 2)]


def test_command_that_has_shown_something_and_waits_is_not_run_again() -> None:
    server, portal = started()

    async def wait(session: ServerSession) -> None:
        session.msg("one moment")
        await waits.sleep(1)
        session.msg("done")

    server.game.lines["wait"] = wait
    portal.type(1, 2, "wait")
    [row] = portal.take_rows()
    assert row.cursors == [(1, 2)]
    assert row.changes == [(1, {"unfinished": 2})]
    after_crash(server, portal, copy_of(server.session(1), 2))
    portal.type(1, 2, "wait")
    [row] = portal.take_rows()
    assert row.changes == [(1, {"unfinished": 0})]
    assert portal.log[1] == ["one moment", INTERRUPTED]


def test_command_that_has_changed_the_world_and_waits_is_not_run_again() -> None:
    server, portal = started()

    async def make(session: ServerSession) -> None:
        server.game.change("lamp")
        await waits.sleep(1)

    server.game.lines["make"] = make
    portal.type(1, 2, "make")
    commit = server.run()
    assert commit is not None
    assert len(commit.changes) == 1
    assert server.session(1).unfinished == 2


def test_command_shown_something_before_a_line_it_set_off_waits_is_not_run_again() -> None:
    server, portal = started()

    async def wait(session: ServerSession) -> None:
        await waits.sleep(1)

    def both(session: ServerSession) -> None:
        session.msg("first")
        session.execute_cmd("wait")

    server.game.lines |= {"wait": wait, "both": both}
    portal.type(1, 2, "both")
    [row] = portal.take_rows()
    assert row.cursors == [(1, 2)]
    assert row.changes == [(1, {"unfinished": 2})]


def test_player_is_told_when_a_line_that_others_set_off_is_interrupted() -> None:
    server, portal = started(conns=2)

    async def wait(session: ServerSession) -> None:
        await waits.sleep(1)

    server.game.lines["wait"] = wait
    server.game.lines["force"] = lambda session: server.session(2).execute_cmd("wait")
    portal.type(1, 2, "force")
    [row] = portal.take_rows()
    assert row.changes == [(2, {"unfinished": 1})]
    after_crash(server, portal, copy_of(server.session(1), 2), copy_of(server.session(2), 1))
    portal.take()
    assert portal.log == {2: [INTERRUPTED]}


def test_command_that_waits_twice_moves_the_cursor_once_it_has_shown_something() -> None:
    server, portal = started()

    async def wait(session: ServerSession) -> None:
        await waits.sleep(1)
        session.msg("half")
        await waits.sleep(1)
        session.msg("whole")

    server.game.lines["wait"] = wait
    portal.type(1, 2, "wait")
    assert portal.take_rows() == []
    server.turn.resume(server.only_wait().id)
    assert portal.take_rows()[0].cursors == [(1, 2)]
    server.turn.resume(server.only_wait().id)
    [row] = portal.take_rows()
    assert row.cursors == []
    assert row.changes == [(1, {"unfinished": 0})]
    assert portal.log[1] == ["half", "whole"]


def test_what_others_do_meanwhile_does_not_count_as_shown_by_who_waits() -> None:
    server, portal = started(conns=2)

    async def wait(session: ServerSession) -> None:
        await waits.sleep(1)
        await waits.sleep(1)

    server.game.lines["wait"] = wait
    portal.type(1, 2, "wait")
    portal.type(2, 2, "look")
    portal.take()
    server.turn.resume(server.only_wait().id)
    assert portal.take_rows() == []


def test_session_that_waits_holds_its_next_line_and_nobody_elses() -> None:
    server, portal = started(conns=2)

    async def wait(session: ServerSession) -> None:
        await waits.sleep(1)
        session.msg("woke")

    server.game.lines["wait"] = wait
    portal.type(1, 2, "wait")
    portal.type(1, 3, "look")
    portal.type(2, 2, "look")
    portal.take()
    assert portal.log == {2: ["did look"]}
    server.turn.resume(server.only_wait().id)
    portal.take()
    assert portal.log[1] == ["woke", "did look"]


def test_command_gets_the_answer_of_auth_and_names_its_call() -> None:
    server, portal = started()

    async def login(session: ServerSession) -> None:
        found = await waits.authenticate("anna", "secret", "192.0.2.1")
        server.sessions.login(session, Account(found.uid, found.name))

    server.game.lines["login"] = login
    portal.type(1, 2, "login")
    portal.take()
    waiting = server.only_wait()
    assert waiting.request == Call(Authenticate("anna", "secret", "192.0.2.1"))
    assert waiting.key == CallKey(key(1), 2, 1)
    server.turn.resume(waiting.id, AccountFound(5, "Anna", False))
    portal.take()
    assert server.session(1).uname == "Anna"
    assert server.turn.take_answered() == [(key(1), 2)]


def test_command_gets_the_refusal_of_auth_as_an_exception() -> None:
    server, portal = started()

    async def login(session: ServerSession) -> None:
        try:
            await waits.create_account("anna", "secret", "192.0.2.1")
        except CallRefused as refused:
            session.msg(f"{refused.code}: {refused}")

    server.game.lines["login"] = login
    portal.type(1, 2, "login")
    portal.take()
    server.turn.resume(server.only_wait().id, error=CallRefused("name_taken", "Taken."))
    portal.take()
    assert portal.log[1] == ["name_taken: Taken."]


def test_command_numbers_its_calls() -> None:
    server, portal = started()

    async def login(session: ServerSession) -> None:
        for _ in range(2):
            await waits.authenticate("anna", "secret", "192.0.2.1")

    server.game.lines["login"] = login
    portal.type(1, 2, "login")
    portal.take()
    first = server.only_wait()
    server.turn.resume(first.id, AccountFound(5, "Anna", False))
    portal.take()
    assert (first.key.number, server.only_wait().key.number) == (1, 2)


def test_answer_that_comes_twice_is_taken_once() -> None:
    server, portal = started()

    async def wait(session: ServerSession) -> None:
        await waits.sleep(1)
        session.msg("woke")
        await waits.sleep(1)

    server.game.lines["wait"] = wait
    portal.type(1, 2, "wait")
    portal.take()
    waiting = server.only_wait()
    server.turn.resume(waiting.id)
    server.turn.resume(waiting.id)
    portal.take()
    server.turn.resume(waiting.id)
    portal.take()
    assert portal.log[1] == ["woke"]


def test_client_that_leaves_while_a_command_waits_ends_after_it() -> None:
    server, portal = started()

    async def wait(session: ServerSession) -> None:
        await waits.sleep(1)
        session.msg("woke")

    server.game.lines["wait"] = wait
    portal.type(1, 2, "wait")
    portal.leave(1, 3)
    portal.take()
    assert len(server.sessions) == 1
    server.turn.resume(server.only_wait().id)
    portal.take()
    assert len(server.sessions) == 0


# Waiting for what nobody here would answer.


async def wait_for_asyncio(session: ServerSession) -> None:
    session.msg("before")
    await asyncio.sleep(0)


async def wait_for_asyncio_again(session: ServerSession) -> None:
    session.msg("before")
    while True:
        with suppress(TypeError):
            await asyncio.sleep(0)


async def be_cancelled(session: ServerSession) -> None:
    session.msg("before")
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("does", "told"),
    [
        (wait_for_asyncio, "commands wait by `sleep`"),
        (wait_for_asyncio_again, "commands wait by `sleep`"),
        (be_cancelled, "a command has ended with CancelledError"),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_command_that_waits_for_what_is_no_request_is_told_and_its_session_goes_on(
    does: Callable[[ServerSession], Running], told: str, is_first: bool
) -> None:
    server, portal = started(conns=2)

    async def later(session: ServerSession) -> None:
        await waits.sleep(1)
        await does(session)

    server.game.lines["does"] = does if is_first else later
    portal.type(1, 2, "does")
    portal.type(1, 3, "look")
    portal.type(2, 2, "look")
    portal.take()
    if not is_first:
        server.turn.resume(server.only_wait().id)
        portal.take()
    assert portal.log == {1: ["before", "error 1-2", "did look"], 2: ["did look"]}
    [(_, error)] = server.game.errors
    assert error.startswith(told)
    assert server.turn.take_waits() == []


def test_command_that_is_told_what_it_cannot_wait_for_may_wait_for_what_it_can() -> None:
    server, portal = started()

    async def wait(session: ServerSession) -> None:
        with pytest.raises(TypeError, match="commands wait by `sleep`"):
            await asyncio.sleep(0)
        await waits.sleep(5)
        session.msg("woke")

    server.game.lines["wait"] = wait
    portal.type(1, 2, "wait")
    portal.take()
    waiting = server.only_wait()
    assert waiting.request == Pause(5)
    server.turn.resume(waiting.id)
    portal.take()
    assert portal.log[1] == ["woke"]
    assert server.game.errors == []


# Limbo and adoption.


def test_session_of_the_roster_is_present_and_shown_things_before_its_portal_says_hello() -> None:
    server, portal = started(conns=2)
    server.game.accounts[5] = Account(5, "anna")
    server.game.lines["login"] = lambda session: server.sessions.login(
        session, server.game.accounts[5]
    )
    portal.type(1, 2, "login")
    portal.take()
    copies = [copy_of(server.session(1), 2), copy_of(server.session(2), 1)]
    new = TinyServer(server.database)
    assert [(s.sessid, s.uid, s.logged_in) for s in new.sessions] == [
        (1, 5, True),
        (2, None, False),
    ]
    new.sessions.announce_all("back")
    new.run()
    portal.server = new
    portal.hello(copies)
    portal.take()
    assert portal.log[1][-1] == "back"
    assert portal.log[2] == ["back"]


def test_adopted_session_is_as_its_copy_says_with_ages_on_the_servers_clock() -> None:
    server, portal = started()
    copy = copy_of(server.session(1), 1, server_data={"score": 3}, cmdset_paths=["game.Extra"])
    new = after_crash(server, portal, copy, now=5000.0)
    session = new.session(1)
    assert (session.sessid, session.address, session.protocol_key) == (1, "192.0.2.1", "telnet")
    assert (session.server_data, session.cmdset_paths) == ({"score": 3}, ["game.Extra"])
    now = new.sessions.now()
    assert (now - session.conn_time, now - session.cmd_last, now - session.cmd_last_visible) == (
        30.0,
        20.0,
        10.0,
    )
    assert session.cmd_total == 4


def test_adopted_session_is_told_nothing_when_nothing_has_changed() -> None:
    server, portal = started()
    after_crash(server, portal, copy_of(server.session(1), 1))
    assert portal.take_rows() == []


def test_adoption_is_the_copy_plus_the_rows_that_the_portal_has_not_applied() -> None:
    server, portal = started()
    old = copy_of(server.session(1), 1)

    def score(session: ServerSession) -> None:
        session.server_data["score"] = 7
        session.touch()

    server.game.lines["score"] = score
    portal.type(1, 2, "score")
    server.run()
    new = after_crash(server, portal, old)
    assert new.session(1).server_data == {"score": 7}
    portal.type(1, 2, "score")
    portal.type(1, 3, "look")
    first, second = portal.take_rows()
    assert (first.id, first.cursors) == (RowId(1, 2), [(1, 2)])
    assert (second.cursors, second.changes) == ([(1, 3)], [])


def test_session_connected_in_a_row_that_the_portal_lacks_is_adopted_from_the_row() -> None:
    server = TinyServer(Database())
    portal = ScriptedPortal(server)
    portal.hello()
    portal.connect(1)
    server.run()
    new = after_crash(server, portal, Copy(1, 0, None, 1.0, 1.0, 1.0, 0))
    portal.connect(1)
    portal.take()
    assert [s.sessid for s in new.sessions] == [1]
    assert ("connected", 1) not in new.game.hooks


def test_session_whose_connected_was_not_done_is_new_to_the_next_generation() -> None:
    server = TinyServer(Database())
    portal = ScriptedPortal(server)
    portal.hello()
    portal.connect(1)
    new = after_crash(server, portal, Copy(1, 0, None, 1.0, 1.0, 1.0, 0))
    portal.connect(1)
    portal.take()
    assert new.game.hooks == [("connected", 1)]


def test_session_closed_in_a_row_that_the_portal_lacks_is_not_adopted() -> None:
    server, portal = started()
    old = copy_of(server.session(1), 1)
    portal.leave(1, 2)
    server.run()
    new = after_crash(server, portal, old)
    portal.leave(1, 2)
    portal.take()
    assert len(new.sessions) == 0
    assert portal.closed == [1]


def test_copy_that_the_roster_does_not_know_is_adopted_and_raises_the_counter() -> None:
    server, portal = started()
    copy = copy_of(server.session(1), 1, sessid=41)
    lost = Database(generation=1)
    portal.server = new = TinyServer(lost)
    portal.hello([copy], last=RowId(1, 1))
    portal.connect(2)
    portal.take()
    assert sorted(s.sessid for s in new.sessions) == [41, 42]
    assert set(lost.roster) == {key(1), key(2)}
    assert lost.last_sessid == 42


def test_limbo_session_that_its_portal_does_not_have_is_ended() -> None:
    server, portal = started(conns=2)
    new = after_crash(server, portal, copy_of(server.session(1), 1))
    portal.take()
    assert [s.key for s in new.sessions] == [key(1)]
    assert list(server.database.roster) == [key(1)]
    assert ("disconnect", 2) in new.game.hooks


def test_session_that_its_portal_let_go_while_the_link_was_down_is_ended() -> None:
    server, portal = started(conns=2)
    portal.hello([copy_of(server.session(1), 1)])
    portal.take()
    assert [s.key for s in server.sessions] == [key(1)]
    assert list(server.database.roster) == [key(1)]


def test_hello_in_a_later_epoch_changes_nothing_of_sessions_that_are_here() -> None:
    server, portal = started()
    server.session(1).server_data["score"] = 9
    portal.hello([copy_of(server.session(1), 1, server_data={"score": 1})])
    portal.take()
    assert server.session(1).server_data == {"score": 9}
    portal.type(1, 2, "look")
    portal.take()
    assert portal.log[1] == ["did look"]


def test_session_that_cannot_be_restored_is_closed_and_leaves_no_ghost() -> None:
    server, portal = started()
    new = after_crash(server, portal, copy_of(server.session(1), 1, version=99))
    portal.take()
    assert len(new.sessions) == 0
    assert server.database.roster == {}
    assert portal.closed == [1]


def test_copy_that_cannot_be_restored_and_that_nobody_knows_is_closed() -> None:
    server, portal = started()
    copy = copy_of(server.session(1), 1, version=99)
    portal.server = new = TinyServer(Database(generation=1))
    portal.hello([copy], last=RowId(1, 1))
    portal.take()
    assert len(new.sessions) == 0
    assert portal.closed == [1]


@pytest.mark.parametrize(
    "changed",
    [
        {"sessid": "abc"},
        {"sessid": 0},
        {"sessid": None},
        {"server_data": {"at": datetime(2026, 1, 1, tzinfo=UTC)}},
    ],
    ids=str,
)
def test_copy_that_no_server_has_made_is_closed(changed: dict[str, object]) -> None:
    server, portal = started()
    copy = copy_of(server.session(1), 1, **changed)
    portal.server = new = TinyServer(Database(generation=1))
    portal.hello([copy], last=RowId(1, 1))
    portal.take()
    assert len(new.sessions) == 0
    assert portal.closed == [1]


def test_adopted_session_whose_sessid_was_given_again_gets_another() -> None:
    server, portal = started()
    copy = copy_of(server.session(1), 1)
    new = TinyServer(Database(generation=1))
    other = ScriptedPortal(new, "q")
    other.hello()
    other.connect(1)
    other.take()
    portal.server = new
    portal.hello([copy], last=RowId(1, 1))
    [row] = portal.take_rows()
    assert row.changes == [(1, {"sessid": 2})]
    assert sorted((s.sessid, s.key.portal) for s in new.sessions) == [(1, "q"), (2, "p")]
    assert new.database.roster[key(1)].sessid == 2


def test_limbo_session_runs_nothing_that_others_set_off() -> None:
    server, portal = started(conns=2)
    copy = copy_of(server.session(1), 1)
    other = ScriptedPortal(server, "q")
    other.hello()
    other.connect(1)
    other.take()
    q_copy = copy_of(server.session(1, "q"), 1)
    new = TinyServer(server.database)
    new.game.lines["force"] = lambda session: new.session(1).execute_cmd("look")
    other.server = new
    other.hello([q_copy])
    other.type(1, 2, "force")
    other.take()
    portal.server = new
    portal.hello([copy])
    portal.take()
    assert portal.log == {}


def test_what_is_put_on_a_session_in_limbo_is_added_to_what_its_portal_holds() -> None:
    server, portal = started()
    copy = copy_of(server.session(1), 1, server_data={"score": 9}, cmdset_paths=["a", "b"])
    portal.server = new = TinyServer(server.database)
    session = new.session(1)
    session.server_data["seen"] = True
    session.cmdset_paths = ["b", "c"]
    session.as_of = 7
    session.touch()
    new.run()
    assert decode_row(new.database.rows[-1].body).changes == [(1, {"as_of": 7})]
    portal.hello([copy])
    changes: dict[str, object] = {}
    for row in portal.take_rows():
        changes |= dict(row.changes)[1]
    assert changes["server_data"] == session.server_data == {"score": 9, "seen": True}
    assert changes["cmdset_paths"] == session.cmdset_paths == ["a", "b", "c"]


# Portals that have ended.


def test_burial_ends_every_session_of_the_portal_and_forgets_its_rows() -> None:
    server, portal = started(conns=2, is_alive=lambda portal, incarnation: False)
    portal.type(1, 2, "look")
    server.run()
    server.now += 3
    server.find_dead()
    commit = server.run()
    assert commit is not None
    assert commit.forgotten == ["p"]
    assert commit.rows == []
    assert len(server.sessions) == 0
    assert (server.database.roster, server.database.rows) == ({}, [])
    assert server.database.portals["p"].buried


def test_burial_tells_those_who_see_somebody_go() -> None:
    server, portal = started(is_alive=lambda portal, incarnation: portal != "p")
    other = ScriptedPortal(server, "q")
    other.hello()
    other.connect(1)
    other.take()
    server.game.on_disconnect = lambda session: server.sessions.announce_all("somebody left")
    server.now += 3
    other.send()
    server.find_dead()
    other.take()
    assert other.log == {1: ["somebody left"]}
    assert [row.portal for row in server.database.rows] == ["q", "q"]


def test_burial_abandons_what_its_sessions_wait_for() -> None:
    server, portal = started(is_alive=lambda portal, incarnation: False)

    async def wait(session: ServerSession) -> None:
        await waits.sleep(1)
        server.game.change("too late")

    server.game.lines["wait"] = wait
    portal.type(1, 2, "wait")
    portal.take()
    waiting = server.only_wait()
    server.now += 3
    server.find_dead()
    server.turn.resume(waiting.id)
    server.run()
    assert server.database.changes == []


def test_next_incarnation_begins_with_nothing_of_the_one_before() -> None:
    server, portal = started(is_alive=lambda portal, incarnation: False)
    old = server.session(1)
    portal.type(1, 2, "look")
    server.run()
    successor = ScriptedPortal(server, number=2)
    successor.hello()
    successor.connect(1)
    server.game.lines["tell"] = lambda session: old.msg("for somebody else")
    successor.type(1, 2, "tell")
    successor.take()
    assert successor.log == {}
    assert list(server.database.roster) == [key(1, number=2)]
    assert server.database.portals["p"] == KnownPortal("p", Incarnation(2, 7), "here")


def test_generation_can_begin_after_a_burial() -> None:
    server, portal = started(is_alive=lambda portal, incarnation: False)
    server.now += 3
    server.find_dead()
    server.run()
    new = TinyServer(server.database)
    assert len(new.sessions) == 0
    assert len(new.links) == 0


# After a commit.


def test_rows_are_sent_only_when_they_are_committed() -> None:
    server, portal = started()
    portal.type(1, 2, "look")
    commit = server.turn.run()
    assert server.links.data_to_send(server.now) == []
    assert commit is not None
    server.turn.committed(commit)
    assert len(server.links.data_to_send(server.now)) == 1


def test_rows_of_one_generation_are_numbered_without_going_back() -> None:
    server, portal = started()
    ids: list[RowId] = []
    for seq in range(2, 6):
        portal.type(1, seq, "look")
        ids += [message.id for message in portal.take() if isinstance(message, Row)]
    assert ids == sorted(set(ids))
