"""The server's end of a session: what it is, its doors, and what of it is replicated."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

import pytest

from everdoor.errors import RestoreError
from everdoor.state import AppSession, SnapshotFlag
from everdoor_server.session import DEFAULT_HEIGHT, DEFAULT_WIDTH, ServerSession
from tinygame import Account, key

APP = AppSession("test", silent=True, minimal=True)


class Doors:
    """Writes down what a session puts into its handler."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.time = 1000.0

    def send(self, sessions: Any, name: str, args: list[Any], options: dict[str, Any]) -> None:
        self.events.append(("send", name, args, options))

    def data_out(self, session: ServerSession, **messages: Any) -> None:
        self.events.append(("out", messages))

    def data_in(self, session: ServerSession, text: str) -> None:
        self.events.append(("in", session.key.conn, text))

    def touch(self, session: ServerSession) -> None:
        self.events.append(("touch",))

    def disconnect(self, session: ServerSession, reason: str = "") -> None:
        self.events.append(("disconnect", reason))

    def now(self) -> float:
        return self.time


def new(kind: type[ServerSession] = ServerSession, conn: int = 1) -> ServerSession:
    return kind(key(conn), Doors())


def events(session: ServerSession) -> list[tuple[Any, ...]]:
    assert isinstance(session.sessionhandler, Doors)
    return session.sessionhandler.events


def replicated(session: ServerSession) -> dict[str, object]:
    return session.take_snapshot(APP, SnapshotFlag.REBOOT)


# Input and output.


def test_msg_goes_to_this_client_alone() -> None:
    session = new()
    session.msg("hi", prompt=">", session=new(), from_obj=object())
    assert events(session) == [("out", {"text": "hi", "prompt": ">"})]


def test_msg_of_nothing_but_out_of_band_commands_has_no_text() -> None:
    session = new()
    session.msg(logged_in={})
    assert events(session) == [("out", {"text": None, "logged_in": {}})]


def test_execute_cmd_runs_a_line_as_this_session_or_the_one_given() -> None:
    session, other = new(), new(conn=2)
    session.execute_cmd("look")
    session.execute_cmd("look", session=other)
    assert events(session) == [("in", 1, "look")]
    assert events(other) == [("in", 2, "look")]


def test_disconnect_asks_the_handler() -> None:
    session = new()
    session.disconnect("bye")
    assert events(session) == [("disconnect", "bye")]


# Who is here.


def test_new_session_is_nobody() -> None:
    session = new()
    assert (session.get_account(), session.get_puppet(), session.get_puppet_or_account()) == (
        None,
        None,
        None,
    )
    assert repr(session) == "<ServerSession 0 not logged in>"


def test_account_and_puppet_are_bound_and_released() -> None:
    session = new()
    anna, body = Account(5, "anna"), Account(8, "Anna")
    session.set_account(anna)
    assert (session.uid, session.uname, session.logged_in) == (5, "anna", True)
    assert session.get_puppet_or_account() is anna
    session.set_puppet(body)
    assert (session.puid, session.get_puppet_or_account()) == (8, body)
    session.set_puppet(None)
    session.set_account(None)
    assert (session.puid, session.uid, session.uname, session.logged_in) == (
        None,
        None,
        None,
        False,
    )
    assert events(session) == [("touch",)] * 4


def test_session_says_who_it_is_and_lets_everybody() -> None:
    session = new()
    session.address = "192.0.2.1"
    assert (str(session), session.get_display_name()) == (
        "(not logged in)@192.0.2.1",
        "192.0.2.1",
    )
    session.set_account(Account(5, "anna"))
    assert (str(session), session.get_display_name()) == ("anna(#5)@192.0.2.1", "anna")
    session.set_puppet(Account(8, "Anna"))
    assert session.get_display_name() == "Anna"
    assert session.access(None, "anything")


def test_session_that_is_not_logged_in_has_neither_account_nor_puppet() -> None:
    session = new()
    session.set_account(Account(5, "anna"))
    session.set_puppet(Account(8, "Anna"))
    session.logged_in = False
    assert (session.get_account(), session.get_puppet()) == (None, None)


def test_client_size_is_what_the_client_has_said() -> None:
    session = new()
    assert session.get_client_size() == (DEFAULT_WIDTH, DEFAULT_HEIGHT)
    session.update_flags(SCREENWIDTH=120, SCREENHEIGHT=0)
    assert session.get_client_size() == (120, DEFAULT_HEIGHT)


def test_flags_are_added_to_those_that_are_known() -> None:
    session = new()
    before = session.protocol_flags
    session.update_flags(ANSI=True)
    session.learn_flags({"UTF-8": True})
    assert session.protocol_flags == {"ANSI": True, "UTF-8": True}
    assert before == {}


def test_counters_tell_keepalives_from_what_the_player_meant() -> None:
    session = new()
    session.update_session_counters()
    session.sessionhandler.time += 5  # type: ignore[attr-defined]
    session.update_session_counters(idle=True)
    assert (session.cmd_total, session.cmd_last, session.cmd_last_visible) == (1, 1005.0, 1000.0)


def test_db_is_ndb() -> None:
    session = new()
    session.db.mood = "good"
    assert session.ndb.mood == "good"


def test_sessions_are_equal_to_themselves_alone() -> None:
    session, same_key = new(), new()
    assert session != same_key
    assert len({session, same_key}) == 2


# The replicated part.


def test_replicated_part_comes_back_in_a_new_session() -> None:
    session = new()
    session.sessid, session.address, session.port = 7, "192.0.2.1", 4242
    session.set_account(Account(5, "anna"))
    session.set_puppet(Account(8, "Anna"))
    session.update_flags(ANSI=True)
    session.server_data["score"] = [1, 2]
    session.cmdset_paths.append("game.Extra")
    session.unfinished = 3
    session.ndb.mood = "good"
    restored = new()
    restored.load_snapshot(APP, replicated(session))
    assert replicated(restored) == replicated(session)
    assert not hasattr(restored.ndb, "mood")


def test_replicated_part_shares_nothing_with_the_session() -> None:
    session = new()
    session.server_data["score"] = [1]
    data = replicated(session)
    session.server_data["score"].append(2)
    assert data["server_data"] == {"score": [1]}


def test_clocks_are_not_replicated_but_shown_to_people() -> None:
    session = new()
    clocks = {"key", "conn_time", "cmd_last", "cmd_last_visible", "cmd_total"}
    assert not clocks & set(replicated(session))
    assert clocks <= set(session.take_snapshot(APP, SnapshotFlag(0)))


def test_field_of_a_subclass_survives_and_one_that_was_dropped_is_left_out() -> None:
    class Scored(ServerSession):
        snapshot_fields: ClassVar[tuple[str, ...]] = ("score",)
        score: int = 0

    session = new(Scored)
    session.score = 9  # type: ignore[attr-defined]
    data = replicated(session)
    restored = new(Scored)
    restored.load_snapshot(APP, data)
    assert restored.score == 9  # type: ignore[attr-defined]
    plain = new()
    plain.load_snapshot(APP, data)
    assert not hasattr(plain, "score")


def test_field_that_is_no_part_of_the_state_is_not_taken_over() -> None:
    session = new()
    session.load_snapshot(APP, {**replicated(session), "sessionhandler": None, "at_sync": 1})
    assert isinstance(session.sessionhandler, Doors)
    assert callable(session.at_sync)


def test_state_of_a_newer_class_is_refused() -> None:
    session = new()
    with pytest.raises(RestoreError):
        session.load_snapshot(APP, {**replicated(session), "version": 99})


def test_value_that_cannot_be_replicated_is_named() -> None:
    session = new()
    session.server_data["bad"] = object()
    with pytest.raises(TypeError, match=r"\['server_data'\]\['bad'\]: object"):
        replicated(session)


def test_hook_of_a_subclass_runs_when_the_session_is_made() -> None:
    class Ready(ServerSession):
        def at_init(self) -> None:
            self.ndb.ready = True

    assert new(Ready).ndb.ready


def test_sessions_share_the_names_of_their_attributes() -> None:
    sessions = [ServerSession(key(number), Doors()) for number in range(3)]
    # Each that has a table of its own takes three times as much.
    assert sys.getsizeof(vars(sessions[-1])) < 600
