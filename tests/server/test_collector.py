"""What a turn has to say, gathered per life of a portal."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from everdoor import codec
from everdoor.ids import RowId, SessionKey
from everdoor.messages.stream import Output, Row
from everdoor.state import AppSession
from everdoor_server.collector import Collector
from everdoor_server.commit import RosterEntry
from everdoor_server.session import ServerSession
from everdoor_server.sessionhandler import ServerSessionHandler
from tinygame import Account, key


class NoHooks:
    """A game that does nothing when sessions come and go."""

    def at_login(self, session: ServerSession, account: object) -> None: ...

    def at_disconnect(self, session: ServerSession, reason: str) -> None: ...


class Bench:
    """A collector and the sessions that put things there."""

    def __init__(self) -> None:
        self.collector = Collector(AppSession("test", silent=True, minimal=True))
        self.sessions = ServerSessionHandler(self.collector, NoHooks(), lambda: 1000.0)

    def session(
        self, conn: int, portal: str = "p", number: int = 1, kind: type[ServerSession] | None = None
    ) -> ServerSession:
        """A session whose first state and roster entry have been taken."""
        session = (kind or ServerSession)(key(conn, portal, number), self.sessions)
        session.sessid = len(self.sessions) + 1
        self.sessions.add(session)
        session.touch()
        self.rows()
        self.collector.take_roster()
        return session

    def rows(self) -> list[tuple[str, Row]]:
        return self.collector.take_rows(RowId(1, 1))

    def row(self) -> Row:
        [(_, row)] = self.rows()
        return row


def test_collector_has_nothing_to_say_at_first_and_after_it_was_taken() -> None:
    bench = Bench()
    session = bench.session(1)
    session.msg("hi")
    assert len(bench.rows()) == 1
    assert bench.rows() == []


def test_row_holds_outputs_in_the_order_in_which_they_were_sent() -> None:
    bench = Bench()
    first, second = bench.session(1), bench.session(2)
    first.msg("a")
    second.msg("b")
    first.msg("c")
    assert [(output.to, output.args) for output in bench.row().outputs] == [
        ([1], ["a"]),
        ([2], ["b"]),
        ([1], ["c"]),
    ]


def test_output_to_many_is_one_for_each_portal() -> None:
    bench = Bench()
    everybody = [bench.session(1), bench.session(1, "q"), bench.session(2)]
    bench.sessions.send(everybody, "text", ["hi"], {})
    assert {portal: row.outputs for portal, row in bench.rows()} == {
        "p": [Output([1, 2], "text", ["hi"], {})],
        "q": [Output([1], "text", ["hi"], {})],
    }


def test_state_goes_out_whole_at_first_and_then_as_it_differs() -> None:
    bench = Bench()
    session = ServerSession(key(1), bench.sessions)
    session.sessid = 1
    bench.sessions.add(session)
    session.touch()
    [(conn, state)] = bench.row().changes
    assert conn == 1
    assert set(state) >= set(ServerSession.snapshot_fields)
    session.set_account(Account(5, "Anna"))
    assert bench.row().changes == [(1, {"logged_in": True, "uid": 5, "uname": "Anna"})]


def test_state_that_is_as_before_is_not_sent() -> None:
    bench = Bench()
    session = bench.session(1)
    session.set_account(Account(5, "Anna"))
    session.set_account(None)
    assert bench.rows() == []


def test_state_changed_in_place_is_noticed_when_it_is_touched() -> None:
    bench = Bench()
    session = bench.session(1)
    session.server_data["score"] = [1]
    session.touch()
    assert bench.row().changes == [(1, {"server_data": {"score": [1]}})]
    session.server_data["score"].append(2)
    session.touch()
    assert bench.row().changes == [(1, {"server_data": {"score": [1, 2]}})]


def test_field_that_a_subclass_declares_is_replicated() -> None:
    class Scored(ServerSession):
        snapshot_fields: ClassVar[tuple[str, ...]] = ("score",)
        score: int = 0

    bench = Bench()
    session = bench.session(1, kind=Scored)
    session.score = 3  # type: ignore[attr-defined]
    session.touch()
    assert bench.row().changes == [(1, {"score": 3})]


def test_known_state_is_compared_with_what_the_portal_holds() -> None:
    bench = Bench()
    session = ServerSession(key(1), bench.sessions)
    session.sessid = 4
    bench.sessions.add(session)
    bench.collector.know(session, RosterEntry(key(1), 4, None, None))
    session.touch()
    assert bench.rows() == []
    assert bench.collector.take_roster() == ([], [])


def test_roster_tells_who_is_new_or_differs_and_who_is_gone() -> None:
    bench = Bench()
    session, other = bench.session(1), bench.session(2)
    session.set_account(Account(5, "Anna"))
    other.disconnect()
    bench.rows()
    assert bench.collector.take_roster() == ([RosterEntry(key(1), 1, 5, None)], [key(2)])
    assert bench.collector.take_roster() == ([], [])


def test_roster_is_brought_up_to_date_though_the_state_cannot_be_sent() -> None:
    bench = Bench()
    session = bench.session(1)
    session.server_data["bad"] = {1, 2}
    session.set_account(Account(5, "Anna"))
    assert bench.rows() == []
    assert bench.collector.take_roster() == ([RosterEntry(key(1), 1, 5, None)], [])
    del session.server_data["bad"]
    session.touch()
    assert bench.row().changes == [(1, {"logged_in": True, "uid": 5, "uname": "Anna"})]


def test_states_are_those_that_portals_will_hold_after_the_turn() -> None:
    bench = Bench()
    still, changed = bench.session(1), bench.session(2)
    still.server_data["untold"] = True
    changed.update_flags(ANSI=True)
    found = bench.collector.states()
    assert found[still.key]["server_data"] == {}
    assert found[changed.key]["protocol_flags"] == {"ANSI": True}
    changed.update_flags(ANSI=False)
    bench.collector.take_rows(RowId(1, 1))
    assert found[changed.key]["protocol_flags"] == {"ANSI": True}
    bench.sessions.disconnect(still)
    assert still.key in found and still.key not in bench.collector.states()


def test_state_that_cannot_be_sent_is_the_one_before() -> None:
    bench = Bench()
    session = bench.session(1)
    fresh = ServerSession(key(2), bench.sessions)
    for each in (session, fresh):
        each.server_data["thing"] = object()
        each.touch()
    found = bench.collector.states()
    assert found[session.key]["server_data"] == {}
    assert fresh.key not in found


def test_state_of_a_session_that_is_half_known_keeps_what_is_not_known() -> None:
    bench = Bench()
    session = bench.session(1)
    bench.collector.know_half(session, RosterEntry(session.key, 1, None, None, b"", b""))
    session.server_data["new"] = 1
    session.update_flags(ANSI=True)
    assert bench.collector.states()[session.key]["server_data"] == {}


def test_close_comes_after_the_last_output_and_takes_state_and_cursor_with_it() -> None:
    bench = Bench()
    session = bench.session(1)
    bench.collector.complete(key(1), 2)
    session.update_flags(ANSI=True)
    session.disconnect("bye")
    row = bench.row()
    assert (row.cursors, row.changes, row.closes) == ([], [], [(1, "bye")])
    assert [output.args for output in row.outputs] == [["bye"]]
    assert bench.collector.take_ended() == [key(1)]
    assert bench.collector.take_ended() == []


def test_cursor_of_a_turn_is_the_last_one() -> None:
    bench = Bench()
    bench.session(1)
    bench.collector.complete(key(1), 2)
    bench.collector.complete(key(1), 3)
    assert bench.row().cursors == [(1, 3)]


def test_lives_of_one_portal_are_kept_apart() -> None:
    bench = Bench()
    old, new = bench.session(1, number=1), bench.session(1, number=2)
    old.msg("old")
    new.msg("new")
    bench.collector.discard(("p", 1))
    assert bench.row().outputs == [Output([1], "text", ["new"], {})]


def test_marks_move_when_something_is_shown_changed_or_closed() -> None:
    bench = Bench()
    session = bench.session(1)
    marks = [bench.collector.marks]
    for act in (lambda: session.msg("a"), session.touch, session.disconnect):
        act()
        marks.append(bench.collector.marks)
    assert len(set(marks)) == 4
    assert marks == sorted(marks)


@pytest.mark.parametrize(
    ("args", "options", "told"),
    [
        ([object()], {}, "oob['args'][0]: object"),
        ([("a",)], {}, "oob['args'][0]: tuple"),
        ([2**64], {}, "oob['args'][0]: int beyond 64 bits"),
        (["\ud800"], {}, "oob['args'][0]: str with a lone surrogate"),
        ([], {1: 2}, "oob['options'][1]: key is of type int"),
        ([], {"a": {"b": {1}}}, "oob['options']['a']['b']: set"),
    ],
)
def test_output_that_no_portal_could_read_is_refused(
    args: list[Any], options: dict[Any, Any], told: str
) -> None:
    bench = Bench()
    with pytest.raises(TypeError) as caught:
        bench.collector.send([bench.session(1)], "oob", args, options)
    assert str(caught.value).startswith(told)
    assert bench.rows() == []


def test_output_with_a_name_beyond_its_bound_is_refused() -> None:
    bench = Bench()
    with pytest.raises(TypeError, match="201 characters"):
        bench.collector.send([bench.session(1)], "x" * 201, [], {})


def test_every_row_can_be_read_by_its_portal() -> None:
    bench = Bench()
    session, other = bench.session(1), bench.session(2)
    bench.collector.complete(SessionKey("p", 1, 1), 9)
    session.set_account(Account(5, "Grüße"))
    session.server_data["deep"] = {"a": [None, True, -(2**63), 2**64 - 1, 1.5, b"\xff", "\0"]}
    session.touch()
    session.msg(text=("hi", {"type": "say"}), prompt=">", oob=[[1, {"a": None}]])
    other.disconnect("x" * 1000)
    row = bench.row()
    assert codec.decode_row(codec.encode(row)) == row
