"""The portal's sessions: input held until it is done, rows applied."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pytest
import structlog

from everdoor.ids import RowId, SessionKey
from everdoor.messages.stream import (
    MAX_NAME,
    Connected,
    Copy,
    Disconnected,
    FlagsChanged,
    Input,
    OutOfBand,
    Output,
    Resume,
    Row,
    Seen,
    Token,
)
from everdoor_portal import sessionhandler
from everdoor_portal.render.kinds import Depth, Kind
from everdoor_portal.session import MAX_HELD_BYTES
from everdoor_portal.sessionhandler import (
    MAX_OUT_OF_BAND_BYTES,
    NOT_TAKEN,
    PortalSessionHandler,
    is_idle_line,
)
from recording import Clock, RecordingSession, client, handler


def row(
    cursors: list[tuple[int, int]] | None = None,
    changes: list[tuple[int, dict[str, Any]]] | None = None,
    outputs: list[Output] | None = None,
    closes: list[tuple[int, str]] | None = None,
) -> Row:
    return Row(RowId(1, 1), cursors or [], changes or [], outputs or [], closes or [])


def text(said: str, *to: int) -> Output:
    return Output(list(to), "text", [said], {})


# Input.


def test_handler_gives_each_client_a_key_and_tells_of_it() -> None:
    sessions = handler(Clock())
    first, second = client(sessions), client(sessions)
    assert (first.key, second.key) == (SessionKey("p", 1, 1), SessionKey("p", 1, 2))
    assert sessions.take_outgoing() == [
        Connected(conn, 1, "recording", "192.0.2.1", 40_000, {}, 0.0) for conn in (1, 2)
    ]


def test_handler_numbers_what_each_client_does() -> None:
    sessions = handler(Clock())
    session, other = client(sessions), client(sessions)
    sessions.take_outgoing()
    sessions.data_in(session, "look")
    sessions.flags_in(session, {"SCREENWIDTH": 100})
    sessions.data_in(other, "say hi")
    sessions.client_left(session, "client closed the connection", clean=True)
    assert sessions.take_outgoing() == [
        Input(1, 2, "look"),
        FlagsChanged(1, 3, {"SCREENWIDTH": 100}),
        Input(2, 2, "say hi"),
        Disconnected(1, 4, "client closed the connection", True),
    ]
    assert sessions.take_outgoing() == []


def test_handler_never_gives_a_number_twice() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.apply(row(closes=[(1, "bye")]))
    assert client(sessions).key.conn == 2
    assert session.key.conn == 1


def test_handler_tells_once_that_a_client_has_left() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.take_outgoing()
    sessions.client_left(session, "gone", clean=False)
    sessions.client_left(session, "gone", clean=False)
    assert sessions.take_outgoing() == [Disconnected(1, 2, "gone", False)]
    assert len(sessions) == 1


def test_handler_takes_nothing_more_from_a_client_that_has_left() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.client_left(session, "gone", clean=False)
    sessions.take_outgoing()
    sessions.data_in(session, "look")
    sessions.flags_in(session, {"ANSI": True})
    assert sessions.take_outgoing() == []


def test_handler_cuts_a_reason_to_what_a_message_takes() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.take_outgoing()
    sessions.client_left(session, "x" * 1000, clean=False)
    assert sessions.take_outgoing() == [Disconnected(1, 2, "x" * MAX_NAME, False)]


def test_handler_calls_when_there_is_something_to_send() -> None:
    sessions = handler(Clock())
    calls: list[int] = []
    sessions.on_outgoing = lambda: calls.append(1)
    sessions.data_in(client(sessions), "look")
    assert len(calls) == 2


def test_handler_holds_inputs_until_they_are_complete() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    for line in ("a", "b", "c"):
        sessions.data_in(session, line)
    sessions.take_outgoing()
    sessions.apply(row(cursors=[(1, 3)]))
    assert sessions.held() == [Input(1, 4, "c")]
    assert session.copy.cursor == 3


def test_held_inputs_are_not_outgoing_as_well() -> None:
    sessions = handler(Clock())
    sessions.data_in(client(sessions), "look")
    assert len(sessions.held()) == 2
    assert sessions.take_outgoing() == []


def test_held_connected_says_how_long_ago_it_was() -> None:
    clock = Clock()
    sessions = handler(clock)
    client(sessions)
    clock.now += 12.5
    [held] = sessions.held()
    assert isinstance(held, Connected)
    assert held.age_s == 12.5


# Bounds of what is held.


def test_handler_pauses_reading_at_the_bound_and_goes_on_at_half_of_it() -> None:
    sessions = handler(Clock(), held_input_lines=10)
    session = client(sessions)
    for _ in range(9):
        sessions.data_in(session, "x")
    assert session.events == [("pause",)]
    sessions.apply(row(cursors=[(1, 4)]))
    assert session.events == [("pause",)]
    sessions.apply(row(cursors=[(1, 5)]))
    assert session.events == [("pause",), ("resume",)]


def test_handler_pauses_once_and_drops_nothing() -> None:
    sessions = handler(Clock(), held_input_lines=5)
    session = client(sessions)
    for _ in range(50):
        sessions.data_in(session, "x")
    assert session.events == [("pause",)]
    assert len(sessions.held()) == 51


@pytest.mark.parametrize("held_input_lines", [0, 500])
def test_handler_bounds_the_text_that_is_held_too(held_input_lines: int) -> None:
    sessions = handler(Clock(), held_input_lines)
    session = client(sessions)
    line = "x" * 6000
    while not session.is_paused:
        sessions.data_in(session, line)
    assert MAX_HELD_BYTES < session.held_bytes <= MAX_HELD_BYTES + len(line)
    sessions.apply(row(cursors=[(1, 2)]))
    assert session.is_paused
    sessions.apply(row(cursors=[(1, 8)]))
    assert not session.is_paused
    assert session.held_bytes <= MAX_HELD_BYTES // 2


def test_handler_without_a_bound_holds_any_number_of_lines() -> None:
    sessions = handler(Clock(), held_input_lines=0)
    session = client(sessions)
    for _ in range(5000):
        sessions.data_in(session, "x")
    assert session.events == []


# Rows.


def test_row_is_applied_in_order_state_before_output_before_close() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.apply(row([(1, 1)], [(1, {"sessid": 4})], [text("a", 1), text("b", 1)], [(1, "bye")]))
    assert session.sessid == 4
    assert session.events == [("text", "a"), ("text", "b"), ("flush",), ("disconnect", "bye")]
    assert len(sessions) == 0


def test_row_shows_an_output_to_each_of_its_receivers() -> None:
    sessions = handler(Clock())
    clients = [client(sessions) for _ in range(3)]
    sessions.apply(row(outputs=[text("hi", 1, 3)]))
    assert [session.shown for session in clients] == [["hi"], [], ["hi"]]


def test_row_for_connections_that_are_unknown_changes_nothing() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.apply(row([(9, 1)], [(9, {"sessid": 1})], [text("hi", 9)], [(9, "bye")]))
    assert session.events == []
    assert len(sessions) == 1


def test_row_shows_nothing_to_a_client_that_has_left() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.client_left(session, "gone", clean=True)
    sessions.apply(row([(1, 2)], [], [text("hi", 1)], [(1, "gone")]))
    assert session.events == []
    assert len(sessions) == 0


class Clumsy(RecordingSession):
    """A protocol that trips over a text and over a change."""

    def send_text(self, args: list[Any], options: dict[str, Any]) -> None:
        if args[0] == "trip":
            raise TypeError("not to be shown")
        super().send_text(args, options)

    def learn_flags(self, flags: Mapping[str, Any]) -> None:
        super().learn_flags(flags)
        if flags:
            raise ValueError("not to be learned")


def test_what_one_protocol_trips_over_costs_nobody_the_rest_of_the_row() -> None:
    sessions = handler(Clock())
    before, clumsy, behind = client(sessions), Clumsy(), client(sessions)
    sessions.connect(clumsy)
    changes = [(conn, {"protocol_flags": {"ANSI": True}, "sessid": conn}) for conn in (1, 3, 2)]
    outputs = [text("a", 1), text("trip", 1, 3, 2), text("b", 1, 2, 3)]
    with structlog.testing.capture_logs() as logs:
        sessions.apply(row([(1, 1), (3, 1), (2, 1)], changes, outputs, [(2, "bye")]))
    assert [each.sessid for each in (before, clumsy, behind)] == [1, 3, 2]
    assert before.shown == ["a", "trip", "b"]
    assert behind.events == [("text", "trip"), ("text", "b"), ("flush",), ("disconnect", "bye")]
    assert clumsy.events == [("text", "b"), ("flush",)]
    told = [(each["event"], each["session"]) for each in logs if each["log_level"] == "error"]
    assert told == [("change not taken", "p/1/3"), ("output not shown", "p/1/3")]


def test_close_discards_inputs_that_came_later() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.data_in(session, "look")
    sessions.apply(row(closes=[(1, "out")]))
    assert sessions.held() == []
    assert not session.has_client


def test_close_tells_nobody_that_the_client_left_afterwards() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.take_outgoing()
    sessions.apply(row(closes=[(1, "out")]))
    sessions.client_left(session, "closed", clean=True)
    assert sessions.take_outgoing() == []


def test_row_brings_the_clients_abilities_up_to_date() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.apply(row(changes=[(1, {"protocol_flags": {"ANSI": False}})]))
    assert session.protocol_flags == {"ANSI": False}


def test_client_is_of_another_kind_when_it_or_the_server_says_so() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.flags_in(session, {"XTERM256": True})
    assert session.kind == Kind(Depth.XTERM256)
    sessions.apply(row(changes=[(1, {"protocol_flags": {"SCREENREADER": True}})]))
    assert session.kind == Kind(Depth.XTERM256, screenreader=True)


def test_connection_time_counts_from_the_login() -> None:
    clock = Clock()
    sessions = handler(clock)
    session = client(sessions)
    clock.now += 30
    sessions.apply(row(changes=[(1, {"logged_in": True})]))
    clock.now += 5
    sessions.apply(row(changes=[(1, {"puid": 2})]))
    assert clock.now - session.conn_time == 5
    assert sessions.count_logged_in() == 1


# Copies.


def test_copies_say_state_cursor_and_ages() -> None:
    clock = Clock()
    sessions = handler(clock)
    session = client(sessions)
    clock.now += 10
    sessions.data_in(session, "look")
    clock.now += 5
    sessions.data_in(session, "idle")
    clock.now += 1
    sessions.apply(row([(1, 3)], [(1, {"sessid": 4})]))
    assert sessions.copies() == [Copy(1, 3, {"sessid": 4}, 16.0, 1.0, 6.0, 1)]


def test_copy_of_a_session_that_the_server_has_not_answered_has_no_state() -> None:
    sessions = handler(Clock())
    client(sessions)
    assert sessions.copies() == [Copy(1, 0, None, 0.0, 0.0, 0.0, 0)]


def test_keepalive_stamps_activity_and_is_not_sent() -> None:
    clock = Clock()
    sessions = handler(clock)
    session = client(sessions)
    sessions.take_outgoing()
    clock.now += 10
    sessions.keepalive(session)
    [copy] = sessions.copies()
    assert (copy.idle_s, copy.idle_visible_s) == (0.0, 10.0)
    assert sessions.take_outgoing() == []


def test_count_of_commands_grows_when_lines_are_complete_keepalives_left_out() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    for line in ("look", "idle", "say"):
        sessions.data_in(session, line)
    assert session.cmd_total == 0
    sessions.apply(row(cursors=[(1, 3)]))
    assert session.cmd_total == 1
    sessions.apply(row(cursors=[(1, 4)]))
    assert session.cmd_total == 2


@pytest.mark.parametrize(("line", "is_idle"), [("idle", True), (" idle ", True), ("Idle", False)])
def test_idle_line_is_what_clients_send_by_themselves(line: str, is_idle: bool) -> None:
    assert is_idle_line(line) == is_idle


# From the portal itself.


def test_announcement_of_the_portal_goes_to_those_meant_who_are_here() -> None:
    sessions = handler(Clock())
    here, gone, other = (client(sessions) for _ in range(3))
    sessions.client_left(gone, "gone", clean=True)
    sessions.announce("wait", {here.key.conn, gone.key.conn})
    assert here.events == [("text", "wait"), ("flush",)]
    assert gone.events == other.events == []


def test_portal_that_ends_tells_every_client_and_closes() -> None:
    sessions = handler(Clock())
    clients: list[RecordingSession] = [client(sessions) for _ in range(2)]
    sessions.disconnect_all("closing")
    for session in clients:
        assert session.events == [("text", "closing"), ("flush",), ("disconnect", "closing")]
    assert len(sessions) == 0


def test_handler_finds_sessions_by_connection() -> None:
    sessions: PortalSessionHandler = handler(Clock())
    session = client(sessions)
    assert sessions.get(1) is session
    assert sessions.get(2) is None
    assert list(sessions) == [session]


class Hiding(RecordingSession):
    """Records also when what is typed may be seen again."""

    def show_input(self) -> None:
        self.events.append(("show input",))


def test_line_names_the_prompt_that_was_seen_last() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.data_in(session, "connect")
    sessions.apply(row(changes=[(1, {"prompt": 4, "is_asked": True})]))
    sessions.data_in(session, "secret")
    sessions.data_in(session, "look")
    assert [each.prompt for each in session.held if isinstance(each, Input)] == [0, 4, 4]


def test_what_is_typed_is_seen_again_after_the_answer_and_when_nobody_waits_for_it() -> None:
    sessions = handler(Clock())
    session = Hiding()
    sessions.connect(session)
    sessions.data_in(session, "idle")
    assert session.events == []
    sessions.data_in(session, "secret")
    sessions.apply(row(changes=[(1, {"is_asked": False})]))
    assert session.events == [("show input",), ("show input",)]


# Lines that kill servers.


def test_handler_counts_a_death_for_the_first_input_of_each_session() -> None:
    sessions = handler(Clock())
    one, two = client(sessions), client(sessions)
    one.data_in("a")
    sessions.take_outgoing()
    sessions.apply(Row(RowId(1, 1), [(1, 1), (2, 1)], [], [], []))
    sessions.count_deaths(of_ours=True)
    assert sessions.deaths() == [(1, 2, 1)]
    two.data_in("b")
    sessions.take_outgoing()
    sessions.count_deaths(of_ours=False)
    assert sessions.deaths() == [(1, 2, 2), (2, 2, 1)]


def test_handler_counts_no_death_for_what_no_server_was_sent() -> None:
    sessions = handler(Clock())
    one = client(sessions)
    sessions.take_outgoing()
    sessions.apply(Row(RowId(1, 1), [(1, 1)], [], [], []))
    one.data_in("a")
    sessions.count_deaths(of_ours=True)
    assert sessions.deaths() == []


def test_handler_counts_the_third_death_only_for_a_line_that_is_noted() -> None:
    sessions = handler(Clock())
    client(sessions)
    sessions.take_outgoing()
    for _ in range(4):
        sessions.count_deaths(of_ours=True)
    assert sessions.deaths() == [(1, 1, 2)]
    sessions.note(1, 1)
    sessions.count_deaths(of_ours=False)
    assert sessions.deaths() == [(1, 1, 2)]
    sessions.count_deaths(of_ours=True)
    assert sessions.deaths() == [(1, 1, 3)]


def test_handler_forgets_the_deaths_of_a_line_that_is_complete() -> None:
    sessions = handler(Clock())
    one = client(sessions)
    one.data_in("a")
    sessions.take_outgoing()
    sessions.count_deaths(of_ours=True)
    sessions.apply(Row(RowId(1, 1), [(1, 1)], [], [], []))
    assert sessions.deaths() == []
    sessions.count_deaths(of_ours=True)
    assert sessions.deaths() == [(1, 2, 1)]


# Clients that may come back.

SECRET = b"s" * 32
HASH = sha256(SECRET).digest()


class ReturningSession(RecordingSession):
    """A protocol that gives its client tokens."""

    def send_token(self, token: bytes) -> None:
        self.events.append(("token", token))


def returning(sessions: PortalSessionHandler) -> ReturningSession:
    session = ReturningSession()
    sessions.connect(session)
    sessions.offer_token(session, SECRET)
    return session


def told(n: int, *texts: str, **change: Any) -> Row:
    outputs = [Output([1], "text", [text], {}) for text in texts]
    return Row(RowId(1, n), [], [(1, change)] if change else [], outputs, [])


def test_handler_says_the_hash_of_a_token_and_gives_the_token_out_when_it_is_known() -> None:
    sessions = handler(Clock())
    session = returning(sessions)
    assert sessions.take_outgoing()[1:] == [Token(1, 2, HASH)]
    assert session.events == []
    sessions.apply(told(1, "one", resume=HASH))
    assert session.events[:2] == [("token", SECRET), ("text", "one")]


def test_handler_says_in_the_copy_what_the_client_has_not_confirmed() -> None:
    sessions = handler(Clock())
    session = returning(sessions)
    sessions.apply(told(1, "not counted"))
    sessions.apply(told(2, "one", "two", resume=HASH))
    sessions.apply(told(3, "three"))
    sessions.client_has(session, 1)
    assert sessions.take_outgoing()[-1] == Seen(1, 3, 1)
    [copy] = sessions.copies()
    assert copy.shown == 3
    assert [output.args for output in copy.kept] == [["two"], ["three"]]


def test_handler_counts_outputs_though_the_client_has_left() -> None:
    sessions = handler(Clock())
    session = returning(sessions)
    sessions.apply(told(1, resume=HASH))
    sessions.client_left(session, "gone", clean=False)
    sessions.apply(told(2, "one"))
    assert sessions.copies()[0].shown == 1


def test_handler_counts_on_when_it_is_told_the_same_token_again() -> None:
    sessions = handler(Clock())
    session = returning(sessions)
    sessions.apply(told(1, "one", resume=HASH))
    sessions.apply(told(2, "two", resume=HASH))
    assert sessions.copies()[0].shown == 2
    assert session.events.count(("token", SECRET)) == 1


def test_handler_keeps_nothing_when_the_token_is_void() -> None:
    sessions = handler(Clock())
    session = returning(sessions)
    sessions.apply(told(1, "one", resume=HASH))
    sessions.apply(told(2, "two", resume=b""))
    sessions.client_has(session, 1)
    assert (sessions.copies()[0].shown, sessions.copies()[0].kept) == (0, [])


def test_handler_announces_a_client_that_comes_back() -> None:
    sessions = handler(Clock())
    sessions.connect(RecordingSession(), SECRET, 41)
    [connected] = sessions.take_outgoing()
    assert isinstance(connected, Connected)
    assert (connected.resume, connected.seen) == (HASH, 41)
    [again] = sessions.held()
    assert again == connected


def test_handler_leaves_out_of_the_copies_what_is_too_much(monkeypatch: Any) -> None:
    monkeypatch.setattr(sessionhandler, "MAX_KEPT_IN_HELLO_BYTES", 30)
    sessions = handler(Clock())
    for _ in range(3):
        returning(sessions)
    for conn in (1, 2, 3):
        outputs = [Output([conn], "text", ["one"], {})]
        sessions.apply(Row(RowId(1, conn), [], [(conn, {"resume": HASH})], outputs, []))
    assert [(copy.shown, len(copy.kept)) for copy in sessions.copies()] == [(1, 1), (1, 1), (1, 0)]


def test_portal_that_stops_tells_clients_and_the_server() -> None:
    clock = Clock()
    sessions = handler(clock)
    one = client(sessions)
    sessions.take_outgoing()
    sessions.let_all_go("closing")
    assert one.events == [("text", "closing"), ("flush",), ("disconnect", "closing")]
    assert [type(message) for message in sessions.take_outgoing()] == [Disconnected]


# What is no line.


def test_what_is_said_out_of_band_is_held_like_a_line_until_it_is_done() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.oob_in(session, "get_value", [1], {"name": "x"})
    assert sessions.take_outgoing()[1:] == [OutOfBand(1, 2, "get_value", [1], {"name": "x"})]
    assert session.held_bytes > 0
    sessions.apply(row(cursors=[(1, 2)]))
    assert (list(session.held), session.held_bytes, session.cmd_total) == ([], 0, 0)


@pytest.mark.parametrize(
    "args",
    [["x" * MAX_OUT_OF_BAND_BYTES], [10**30], [object()], ["\ud800"]],
    ids=["large", "number", "object", "surrogate"],
)
def test_what_is_too_large_or_cannot_travel_is_refused_and_told(args: list[Any]) -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.oob_in(session, "get_value", args, {})
    assert len(session.held) == 1
    assert session.shown == [NOT_TAKEN.format(name="get_value", most=MAX_OUT_OF_BAND_BYTES)]


@pytest.mark.parametrize("kind", ["out of band", "flags"])
def test_reading_pauses_when_too_much_is_held_of_what_is_no_line(kind: str) -> None:
    sessions = handler(Clock(), held_input_lines=5)
    session = client(sessions)
    for number in range(4):
        assert session.events == []
        if kind == "flags":
            sessions.flags_in(session, {"SCREENWIDTH": 80 + number})
        else:
            sessions.oob_in(session, "echo", [], {})
    assert session.events == [("pause",)]


def test_client_comes_back_after_it_has_connected() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.resume(session, b"token", 7)
    assert sessions.take_outgoing()[1:] == [Resume(1, 2, sha256(b"token").digest(), 7)]


def test_nothing_is_taken_of_who_has_left() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    sessions.client_left(session, "left", clean=True)
    sessions.take_outgoing()
    sessions.oob_in(session, "echo", [], {})
    sessions.resume(session, b"token", 7)
    assert sessions.take_outgoing() == []
