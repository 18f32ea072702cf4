"""Who is here: finding sessions, login and end, and the forms of output."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor.ids import link_dead_key
from everdoor_server.session import ServerSession
from everdoor_server.sessionhandler import (
    DUPLICATE_SESSION_REASON,
    IDLE_REASON,
    ServerSessionHandler,
    outputs,
)
from tinygame import Account, key

ANNA, BEN = Account(5, "Anna"), Account(6, "Ben")


class Sheet:
    """Writes down what the handler puts into its sink and asks of the game."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.failing: str = ""

    def send(self, sessions: Any, name: str, args: list[Any], options: dict[str, Any]) -> None:
        self.events.append(("send", [s.sessid for s in sessions], name, args, options))

    def touch(self, session: ServerSession) -> None:
        self.events.append(("touch", session.sessid))

    def close(self, session: ServerSession, reason: str) -> None:
        self.events.append(("close", session.sessid, reason))

    def inject(self, session: ServerSession, text: str) -> None:
        self.events.append(("inject", session.sessid, text))

    def at_login(self, session: ServerSession, account: object) -> None:
        self.events.append(("at_login", session.sessid))

    def at_disconnect(self, session: ServerSession, reason: str) -> None:
        self.events.append(("at_disconnect", session.sessid, reason))
        if self.failing:
            raise ValueError(self.failing)

    def take(self) -> list[tuple[Any, ...]]:
        events, self.events = self.events, []
        return events


class Bench:
    """A handler whose sink and game are a Sheet."""

    def __init__(self, mode: int = 0, sessions: int = 0) -> None:
        self.now = 1000.0
        self.sheet = Sheet()
        self.handler = ServerSessionHandler(self.sheet, self.sheet, lambda: self.now, mode)
        self.sessions = [self.session() for _ in range(sessions)]
        self.sheet.take()

    def session(self) -> ServerSession:
        sessid = len(self.handler) + 1
        session = ServerSession(key(sessid), self.handler)
        session.sessid = sessid
        session.cmd_last = self.now
        self.handler.add(session)
        return session


# Finding.


def test_handler_finds_a_session_by_sessid_and_by_key() -> None:
    bench = Bench(sessions=2)
    first, second = bench.sessions
    handler = bench.handler
    assert (handler[1], handler.get(2), handler.get(3)) == (first, second, None)
    assert (handler.by_key(key(2)), handler.session_from_sessid(2)) == (second, second)
    assert 1 in handler
    assert 3 not in handler
    assert (len(handler), list(handler)) == (2, [first, second])


def test_handler_counts_who_is_not_logged_in_only_when_asked() -> None:
    bench = Bench(sessions=2)
    first, second = bench.sessions
    first.set_account(ANNA)
    assert bench.handler.get_sessions() == [first]
    assert bench.handler.get_sessions(include_unloggedin=True) == [first, second]


def test_handler_finds_the_sessions_of_an_account_and_of_a_puppet() -> None:
    bench = Bench(sessions=3)
    first, second, third = bench.sessions
    first.set_account(ANNA)
    second.set_account(ANNA)
    third.set_account(BEN)
    second.set_puppet(Account(9, "Anna"))
    handler = bench.handler
    assert handler.sessions_from_account(ANNA) == [first, second]
    assert handler.session_from_account(ANNA, 2) is second
    assert handler.session_from_account(ANNA, 3) is None
    assert handler.sessions_from_puppet(Account(9, "Anna")) == [second]
    assert handler.sessions_from_character(Account(8, "x")) == []
    assert handler.account_count() == 2
    assert handler.all_connected_accounts() == [ANNA, BEN]


def test_handler_forgets_silently_whom_it_is_told_to() -> None:
    bench = Bench(sessions=1)
    [session] = bench.sessions
    bench.handler.remove(session)
    bench.handler.remove(session)
    assert len(bench.handler) == 0
    assert bench.sheet.take() == []


# Login.


def test_login_binds_the_account_stamps_the_time_and_runs_the_hooks() -> None:
    bench = Bench(sessions=1)
    [session] = bench.sessions
    bench.now = 2000.0
    bench.handler.login(session, ANNA)
    assert (session.logged_in, session.uid, session.uname) == (True, 5, "Anna")
    assert session.conn_time == 2000.0
    assert bench.sheet.take() == [
        ("touch", 1),
        ("send", [1], "logged_in", [], {}),
        ("at_login", 1),
    ]


def test_login_of_a_session_that_is_logged_in_does_nothing() -> None:
    bench = Bench(sessions=1)
    [session] = bench.sessions
    bench.handler.login(session, ANNA)
    bench.sheet.take()
    bench.handler.login(session, BEN)
    assert session.account is ANNA
    assert bench.sheet.take() == []


def test_login_in_mode_0_disconnects_the_accounts_other_sessions_first() -> None:
    bench = Bench(mode=0, sessions=3)
    first, second, other = bench.sessions
    other.set_account(BEN)
    bench.handler.login(first, ANNA)
    bench.sheet.take()
    bench.handler.login(second, ANNA)
    assert bench.handler.sessions_from_account(ANNA) == [second]
    assert bench.sheet.take()[:3] == [
        ("send", [1], "text", [DUPLICATE_SESSION_REASON], {}),
        ("at_disconnect", 1, DUPLICATE_SESSION_REASON),
        ("close", 1, DUPLICATE_SESSION_REASON),
    ]
    assert other.logged_in


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_login_in_other_modes_leaves_the_accounts_other_sessions(mode: int) -> None:
    bench = Bench(mode, sessions=2)
    for session in bench.sessions:
        bench.handler.login(session, ANNA)
    assert bench.handler.sessions_from_account(ANNA) == bench.sessions


# Ends.


def test_disconnect_runs_the_hooks_tells_the_reason_and_closes() -> None:
    bench = Bench(sessions=1)
    [session] = bench.sessions
    session.set_account(ANNA)
    bench.sheet.take()
    bench.handler.disconnect(session, "out")
    assert bench.sheet.take() == [
        ("send", [1], "text", ["out"], {}),
        ("at_disconnect", 1, "out"),
        ("close", 1, "out"),
    ]
    assert len(bench.handler) == 0
    assert not session.logged_in


def test_disconnect_of_a_session_that_has_ended_does_nothing() -> None:
    bench = Bench(sessions=1)
    [session] = bench.sessions
    session.disconnect()
    bench.sheet.take()
    session.disconnect("again")
    assert bench.sheet.take() == []


def test_hook_that_raises_does_not_keep_the_session() -> None:
    bench = Bench(sessions=1)
    [session] = bench.sessions
    bench.sheet.failing = "broken"
    with pytest.raises(ValueError, match="broken"):
        session.disconnect()
    assert len(bench.handler) == 0
    assert bench.sheet.take()[-1] == ("close", 1, "")


def test_last_words_of_a_hook_still_go_out() -> None:
    bench = Bench(sessions=1)
    [session] = bench.sessions
    session.at_disconnect = lambda reason="": session.msg("farewell")  # type: ignore[method-assign]
    session.disconnect()
    assert [event[0] for event in bench.sheet.take()] == ["send", "at_disconnect", "close"]


def test_everybody_can_be_disconnected() -> None:
    bench = Bench(sessions=3)
    bench.handler.disconnect_all_sessions("closing")
    assert len(bench.handler) == 0


def test_session_that_has_ended_is_shown_nothing_and_changes_nothing() -> None:
    bench = Bench(sessions=2)
    gone, here = bench.sessions
    gone.disconnect()
    bench.sheet.take()
    gone.msg("boo")
    gone.touch()
    bench.handler.send([gone, here], "text", ["hi"], {})
    assert bench.sheet.take() == [("send", [2], "text", ["hi"], {})]


def test_idle_sessions_are_disconnected_after_the_time_given() -> None:
    bench = Bench(sessions=2)
    idle, active = bench.sessions
    bench.now += 61
    active.update_session_counters(idle=True)
    bench.handler.validate_sessions(60)
    assert list(bench.handler) == [active]
    assert ("close", 1, IDLE_REASON) in bench.sheet.take()


class Stays(ServerSession):
    """Is asked before it is disconnected, and stays."""

    asked = False

    def at_idle_timeout(self) -> bool:
        self.asked = True
        return False


def test_idle_session_is_asked_by_a_hook_before_it_is_disconnected() -> None:
    bench = Bench()
    session = Stays(key(1), bench.handler)
    session.sessid, session.cmd_last = 1, bench.now
    bench.handler.add(session)
    bench.now += 61
    bench.handler.validate_sessions(60)
    assert session.asked
    assert 1 in bench.handler


class Fails(ServerSession):
    """Its hook fails the first time."""

    has_failed = False

    def at_idle_timeout(self) -> bool:
        if not self.has_failed:
            self.has_failed = True
            raise ValueError("broken")
        return True


def test_hook_of_an_idle_session_that_raises_keeps_no_other_and_is_asked_again() -> None:
    bench = Bench()
    for conn, kind in enumerate((Fails, ServerSession), start=1):
        session = kind(key(conn), bench.handler)
        session.sessid, session.cmd_last = conn, bench.now
        bench.handler.add(session)
    bench.now += 61
    bench.handler.validate_sessions(60)
    assert [session.sessid for session in bench.handler] == [1]
    bench.handler.validate_sessions(60)
    assert len(bench.handler) == 0


def test_idle_session_that_is_link_dead_has_its_own_grace() -> None:
    bench = Bench(sessions=1)
    bench.handler.rekey(bench.sessions[0], link_dead_key(1))
    bench.now += 61
    assert bench.handler.idle_sessions(60) == []


@pytest.mark.parametrize("off", [0, -1])
def test_nobody_is_idle_where_the_limit_is_off(off: float) -> None:
    bench = Bench(sessions=1)
    bench.now += 1e6
    bench.handler.validate_sessions(off)
    assert len(bench.handler) == 1


# Output.


def test_announcement_goes_to_everybody_as_one_output() -> None:
    bench = Bench(sessions=3)
    bench.handler.announce_all("hi")
    assert bench.sheet.take() == [("send", [1, 2, 3], "text", ["hi"], {})]


def test_output_to_nobody_is_nothing() -> None:
    bench = Bench()
    bench.handler.announce_all("hi")
    bench.handler.send([], "text", ["hi"], {})
    assert bench.sheet.take() == []


def test_line_run_as_a_session_is_set_off() -> None:
    bench = Bench(sessions=1)
    [session] = bench.sessions
    session.execute_cmd("look")
    assert bench.sheet.take() == [("inject", 1, "look")]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ({"text": None}, []),
        ({"text": "hi"}, [("text", ["hi"], {})]),
        ({"text": ("hi", {"type": "say"})}, [("text", ["hi"], {"type": "say"})]),
        ({"text": 5}, [("text", [5], {})]),
        ({"text": ValueError("no")}, [("text", ["no"], {})]),
        ({"map": {"zoom": 2}}, [("map", [], {"zoom": 2})]),
        ({"map": [1, 2]}, [("map", [1, 2], {})]),
        ({"map": ([1, 2], {"zoom": 2})}, [("map", [1, 2], {"zoom": 2})]),
        ({"map": (1, 2, 3)}, [("map", [1, 2, 3], {})]),
        ({"prompt": ">", "text": "hi"}, [("text", ["hi"], {}), ("prompt", [">"], {})]),
        (
            {"text": "hi", "map": ("x", {"a": 1}), "options": {"a": 0, "b": 2}},
            [("text", ["hi"], {"a": 0, "b": 2}), ("map", ["x"], {"a": 1, "b": 2})],
        ),
        ({"options": {"a": 1}}, []),
        ({"logged_in": {}}, [("logged_in", [], {})]),
        ({"text": ""}, [("text", [""], {})]),
    ],
)
def test_outputs_bring_keywords_to_names_arguments_and_options(
    messages: dict[str, Any], expected: list[Any]
) -> None:
    assert list(outputs(messages)) == expected
