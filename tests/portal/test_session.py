from __future__ import annotations

import pytest

from everdoor_portal.render.kinds import DEFAULT_KIND, Depth
from everdoor_portal.session import PortalSession
from recording import Clock, RecordingSession, client, handler


def test_session_shows_its_servers_half_from_the_copy() -> None:
    session = RecordingSession()
    assert (session.sessid, session.logged_in, session.uid, session.uname, session.puid) == (
        0,
        False,
        None,
        None,
        None,
    )
    session.copy.apply({"sessid": 3, "logged_in": True, "uid": 5, "uname": "Anna", "puid": 8})
    assert (session.sessid, session.logged_in, session.uid, session.uname, session.puid) == (
        3,
        True,
        5,
        "Anna",
        8,
    )


def test_session_sends_an_output_by_its_name() -> None:
    session = RecordingSession()
    session.data_out("text", ["hello"], {})
    assert session.events == [("text", "hello")]


def test_session_sends_an_output_without_a_name_of_its_own_by_default() -> None:
    session = RecordingSession()
    session.data_out("map", ["..#"], {"zoom": 2})
    assert session.events == [("default", "map", ["..#"], {"zoom": 2})]


def test_session_shows_nothing_of_what_its_protocol_has_no_name_for() -> None:
    PortalSession.send_default(RecordingSession(), "map", ["..#"], {})


@pytest.mark.parametrize("door", ["send_text", "disconnect", "pause_reading", "resume_reading"])
def test_protocol_must_have_the_doors_of_its_transport(door: str) -> None:
    doors = {name: vars(RecordingSession)[name] for name in PortalSession.__abstractmethods__}
    del doors[door]
    incomplete = type("Incomplete", (PortalSession,), doors)
    with pytest.raises(TypeError, match=f"abstract method '?{door}"):
        incomplete("192.0.2.1", 1)


def test_session_hands_lines_to_its_handler() -> None:
    sessions = handler(Clock())
    session = client(sessions)
    session.data_in("look")
    assert [message.seq for message in session.held] == [1, 2]


def test_session_of_no_handler_drops_lines() -> None:
    session = RecordingSession()
    session.data_in("look")
    assert not session.held


def test_session_follows_the_servers_half_and_hears_of_the_login_once() -> None:
    logins: list[str | None] = []

    class Watched(RecordingSession):
        def at_login(self) -> None:
            logins.append(self.uname)

    session = Watched()
    assert not session.server_connected
    session.sync({"sessid": 7, "protocol_flags": {"RAW": True}})
    assert (session.server_connected, session.sessid, session.kind.raw) == (True, 7, True)
    session.sync({"logged_in": True, "uname": "Anna"})
    session.sync({"puid": 3})
    assert logins == ["Anna"]


def test_session_says_who_its_peer_is() -> None:
    assert RecordingSession().peer == ("192.0.2.1", 40_000)
    assert repr(RecordingSession()) == "<RecordingSession /0/0 not logged in>"


def test_session_is_of_the_kind_that_its_flags_say() -> None:
    session = RecordingSession()
    assert session.kind == DEFAULT_KIND
    session.learn_flags({"XTERM256": True})
    session.learn_flags({"SCREENWIDTH": 100})
    assert session.kind.depth is Depth.XTERM256
    session.learn_flags({"XTERM256": False})
    assert session.kind.depth is Depth.ANSI
