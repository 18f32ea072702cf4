"""What is run though nobody has typed it: timers in a turn, and the lines of objects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from everdoor.errors import CallRefused, UserError
from everdoor.messages.accounts import FindAccount
from everdoor_server import turn as turns
from everdoor_server import waits
from everdoor_server.acts import Act
from everdoor_server.commit import RosterEntry
from everdoor_server.driving import MAX_INJECTED
from everdoor_server.session import ServerSession
from everdoor_server.waits import Call, Pause, Running, find_account, sleep
from tinygame import Database, ScriptedPortal, TinyServer, key, started


def act(server: TinyServer, begin: Callable[[], Running | None], who: str = "a statue") -> None:
    server.game.acts.append(Act(who, begin))


def says(server: TinyServer, text: str) -> Callable[[], None]:
    """Says something to everybody, and changes the world."""

    def say() -> None:
        server.game.change(text)
        server.sessions.announce_all(text)

    return say


def seen(portal: ScriptedPortal) -> list[str]:
    """What the first connection was shown since the last call."""
    portal.take()
    shown, portal.log[1] = portal.log.get(1, []), []
    return shown


# Timers.


def test_timer_is_written_and_shown_in_one_commit() -> None:
    server, portal = started()
    server.game.timers.due.append(says(server, "a bell rings"))
    assert server.turn.has_work()
    commit = server.run()
    assert commit is not None and len(commit.rows) == len(commit.changes) == 1
    assert seen(portal) == ["a bell rings"] and not server.turn.has_work()


def test_timers_run_before_lines_and_leave_them_their_turn() -> None:
    server, portal = started()
    server.game.timers.due += [says(server, f"bell {n}") for n in range(turns.MAX_TIMERS + 5)]
    portal.type(1, 2, "a")
    bells = [f"bell {n}" for n in range(turns.MAX_TIMERS + 5)]
    assert seen(portal) == [*bells[: turns.MAX_TIMERS], "did a"]
    assert seen(portal) == bells[turns.MAX_TIMERS :]


def test_timers_that_take_long_leave_lines_their_turn() -> None:
    server, portal = started()

    def take_long() -> None:
        server.now += turns.TIMERS_S * 2

    server.game.timers.due += [take_long] * 3
    portal.type(1, 2, "a")
    assert seen(portal) == ["did a"]
    assert len(server.game.timers.due) == 2


def test_lines_wait_while_a_timer_is_on_trial() -> None:
    server, portal = started()
    server.game.timers.is_alone = True
    server.game.timers.due.append(says(server, "a bell rings"))
    portal.type(1, 2, "a")
    assert seen(portal) == ["a bell rings"]
    assert seen(portal) == ["did a"]


def test_timers_wait_while_a_planned_end_is_prepared() -> None:
    server, _ = started()
    server.game.timers.due.append(says(server, "a bell rings"))
    assert server.turn.run(lines=False) is None
    assert server.game.timers.due


def test_line_that_a_timer_sets_off_is_part_of_its_turn() -> None:
    server, portal = started()
    session = server.session(1)
    server.game.timers.due.append(lambda: session.execute_cmd("a"))
    assert seen(portal) == ["did a"]


# Acts.


def test_act_is_part_of_the_turn_of_the_line_that_sets_it_off() -> None:
    server, portal = started()

    def wave(session: ServerSession) -> None:
        session.msg("you wave")
        act(server, says(server, "the statue waves back"))

    server.game.lines["wave"] = wave
    portal.type(1, 2, "wave")
    [row] = portal.take_rows()
    assert [output.args[0] for output in row.outputs] == ["you wave", "the statue waves back"]
    assert row.cursors == [(1, 2)]


@pytest.mark.parametrize(("puppet", "done"), [(7, ["a"]), (None, [])])
def test_line_for_a_session_whose_portal_is_awaited_is_done_by_its_puppet(
    puppet: int | None, done: list[str]
) -> None:
    database = Database()
    database.roster[key(1)] = RosterEntry(key(1), 1, 3, puppet)
    server = TinyServer(database)
    session = server.session(1)
    server.game.timers.due.append(lambda: session.execute_cmd("a"))
    server.run()
    assert [change.values for change in database.changes] == [{"name": name} for name in done]


def test_line_whose_act_was_seen_is_not_run_again_when_it_waits() -> None:
    database = Database()
    server, portal = started(database)

    async def wave(session: ServerSession) -> None:
        act(server, says(server, "the statue waves back"))
        await sleep(1)

    server.game.lines["wave"] = wave
    portal.type(1, 2, "wave")
    [row] = portal.take_rows()
    assert row.cursors == [(1, 2)]


def test_acts_that_set_off_acts_without_end_are_cut_off() -> None:
    server, portal = started()
    begun = []

    def again() -> None:
        begun.append(1)
        act(server, again)

    act(server, again)
    with capture_logs() as logs:
        server.turn.do(lambda: None)
        server.run()
    assert len(begun) == MAX_INJECTED
    assert "a line set off too many others" in [entry["event"] for entry in logs]
    portal.type(1, 2, "a")
    assert seen(portal) == ["did a"]


def test_act_that_waits_goes_on_in_a_later_turn() -> None:
    server, portal = started()

    async def doze() -> None:
        says(server, "the statue dozes")()
        await sleep(5)
        says(server, "the statue wakes")()

    act(server, doze)
    server.turn.do(lambda: None)
    assert seen(portal) == ["the statue dozes"]
    waiting = server.only_wait()
    assert waiting.request == Pause(5)
    server.turn.resume(waiting.id)
    assert seen(portal) == ["the statue wakes"]


def test_act_may_ask_auth_and_has_its_answer_confirmed() -> None:
    server, portal = started()

    async def look_up() -> None:
        with pytest.raises(CallRefused):
            await find_account("nobody")
        says(server, "nobody is there")()

    act(server, look_up)
    server.turn.do(lambda: None)
    portal.take()
    waiting = server.only_wait()
    assert waiting.request == Call(FindAccount("nobody"))
    server.turn.resume(waiting.id, error=CallRefused("no_account", "There is none."))
    assert seen(portal) == ["nobody is there"]
    assert server.turn.take_answered() == [(waiting.key.session, waiting.key.seq)]


def test_acts_of_two_servers_are_told_apart_by_auth() -> None:
    database, keys = Database(), set()
    for _ in range(2):
        server = TinyServer(database)
        for _ in range(2):
            act(server, lambda: sleep(1))
        server.turn.do(lambda: None)
        server.run()
        keys |= {waiting.key.session for waiting in server.turn.take_waits()}
    assert len(keys) == 4


def test_act_that_asks_for_a_line_is_told_that_nobody_is_there() -> None:
    server, portal = started()

    async def ask() -> None:
        with pytest.raises(UserError, match="Nobody is there to answer"):
            await waits.ask("? ")
        says(server, "nobody answers")()

    act(server, ask)
    server.turn.do(lambda: None)
    assert seen(portal) == ["nobody answers"]


@pytest.mark.parametrize("error", [ValueError("a mistake"), UserError("You can't.")])
@pytest.mark.parametrize("waits_first", [False, True])
def test_act_that_fails_is_logged_and_disturbs_nobody(error: Exception, waits_first: bool) -> None:
    server, portal = started()

    async def fail_later() -> None:
        await sleep(1)
        raise error

    def fail() -> None:
        raise error

    act(server, fail_later if waits_first else fail, who="a statue: dance")
    act(server, says(server, "the next one"))
    with capture_logs() as logs:
        server.turn.do(lambda: None)
        assert seen(portal) == ["the next one"]
        for waiting in server.turn.take_waits():
            server.turn.resume(waiting.id)
            server.run()
    assert [entry["who"] for entry in logs] == ["a statue: dance"]


async def wait_for_asyncio() -> None:
    await asyncio.sleep(0)


async def wait_for_asyncio_again() -> None:
    while True:
        with suppress(TypeError):
            await asyncio.sleep(0)


async def ask_then_wait_for_asyncio() -> None:
    with suppress(UserError):
        await waits.ask("? ")
    await asyncio.sleep(0)


async def be_cancelled() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("begin", "error"),
    [
        (wait_for_asyncio, TypeError),
        (wait_for_asyncio_again, TypeError),
        (ask_then_wait_for_asyncio, TypeError),
        (be_cancelled, RuntimeError),
    ],
)
def test_act_that_waits_for_what_is_no_request_is_logged_and_disturbs_nobody(
    begin: Callable[[], Running], error: type[Exception]
) -> None:
    server, portal = started()
    act(server, begin, who="a statue: dance")
    act(server, says(server, "the next one"))
    with capture_logs() as logs:
        server.turn.do(lambda: None)
        assert seen(portal) == ["the next one"]
    [entry] = logs
    assert entry["who"] == "a statue: dance" and isinstance(entry["exc_info"], error)
    assert server.turn.take_waits() == []


def test_act_that_is_told_what_it_cannot_wait_for_may_wait_for_what_it_can() -> None:
    server, portal = started()

    async def doze() -> None:
        with pytest.raises(TypeError, match="commands wait by `sleep`"):
            await asyncio.sleep(0)
        await sleep(5)
        says(server, "the statue wakes")()

    act(server, doze)
    server.turn.do(lambda: None)
    portal.take()
    server.turn.resume(server.only_wait().id)
    assert seen(portal) == ["the statue wakes"]
