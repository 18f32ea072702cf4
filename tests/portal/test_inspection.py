"""What a portal tells operators of its copies, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest

from everdoor.bus import Bus, RpcClient
from everdoor.errors import CallRefused
from everdoor.ids import Incarnation, RowId
from everdoor.messages.calls import (
    Archive,
    Call,
    KickSession,
    PortalInfo,
    PortalList,
    Portals,
    Result,
    Role,
    SaveSessions,
    SessionList,
    Sessions,
    SessionShow,
    SessionState,
)
from everdoor.messages.stream import Row
from everdoor.state.archivefile import Record, read_items
from everdoor_portal.inspection import Inspection
from everdoor_portal.session import PortalSession
from everdoor_portal.sessionhandler import PortalSessionHandler
from recording import RecordingSession
from running import run

PORTAL = "snake.portal.0"
STATE = {
    "sessid": 7,
    "logged_in": True,
    "uid": 5,
    "uname": "Anna",
    "puid": 12,
    "puname": "the cat",
    "server_data": {"token": "s3cret"},
    "mine": "s3cret too",
    "version": 1,
}


class Client(RecordingSession):
    """A client of telnet."""

    protocol_key = "telnet"

    def __init__(self, port: int) -> None:
        super().__init__()
        self.address, self.port = "192.0.2.7", port


def asked(folder: Path, *calls: Call, role: Role = "cli") -> list[Result]:
    """The answers of a portal with two clients: one in the game, one whose sessid is not known."""

    async def main() -> list[Result]:
        bus = Bus(asyncio.get_running_loop())
        sessions = PortalSessionHandler(PORTAL, Incarnation(9, 1), bus.loop.time)
        for port in (50001, 50002):
            sessions.connect(Client(port))
        sessions.data_in(cast(PortalSession, sessions.get(1)), "look")
        sessions.apply(Row(RowId(1, 1), [(1, 2)], [(1, STATE)], [], []))
        endpoint = f"ipc://{folder}/portal"
        Inspection(bus, endpoint, sessions, "snake", lambda: False)
        client = RpcClient(bus, endpoint, role)
        try:
            return [await client.call(call, deadline_s=5.0) for call in calls]
        finally:
            bus.close()

    return run(cast(Coroutine[Any, Any, list[Result]], main()))


def test_portal_lists_its_sessions(tmp_path: Path) -> None:
    [listed] = asked(tmp_path, SessionList())

    assert isinstance(listed, Sessions) and not listed.more
    unknown, anna = listed.sessions
    assert (unknown.sessid, unknown.logged_in, unknown.account, unknown.cmd_total) == (
        0,
        False,
        None,
        0,
    )
    assert (anna.sessid, anna.portal, anna.protocol, anna.address) == (
        7,
        PORTAL,
        "telnet",
        "192.0.2.7",
    )
    assert (anna.logged_in, anna.account, anna.account_id) == (True, "Anna", 5)
    assert (anna.puppet, anna.puppet_id, anna.cmd_total) == ("the cat", 12, 1)


def test_portal_shows_a_session_without_what_may_be_secret(tmp_path: Path) -> None:
    [shown] = asked(tmp_path, SessionShow(7))

    assert isinstance(shown, SessionState)
    assert shown.state["uname"] == "Anna" and shown.state["key"] == f"{PORTAL}/9/1"
    assert shown.state["server_data"] == shown.state["mine"] == "***"
    assert shown.state["held_inputs"] == 0


@pytest.mark.parametrize("call", [SessionList(), SessionShow(7)], ids=["list", "show"])
def test_portal_tells_the_same_times_whenever_one_asks(tmp_path: Path, call: Call) -> None:
    assert len({_times(answer) for answer in asked(tmp_path, *[call] * 4)}) == 1


def test_archive_of_a_portal_is_the_same_whenever_one_asks(tmp_path: Path) -> None:
    found = asked(tmp_path, *[SaveSessions({})] * 4)
    first, *others = [_records(answer) for answer in found]
    assert first and all(other == first for other in others)


def _times(answer: Result) -> tuple[object, ...]:
    if isinstance(answer, Sessions):
        return tuple(info.conn_time for info in answer.sessions)
    assert isinstance(answer, SessionState)
    return tuple(answer.state[name] for name in ("conn_time", "cmd_last", "cmd_last_visible"))


def _records(answer: Result) -> list[Record]:
    assert isinstance(answer, Archive) and not answer.more
    return [item for item in read_items(BytesIO(answer.data)) if isinstance(item, Record)]


def test_portal_tells_of_itself(tmp_path: Path) -> None:
    assert asked(tmp_path, PortalList()) == [
        Portals([PortalInfo(PORTAL, 9, "snake", "away", 2, 1)])
    ]


@pytest.mark.parametrize(
    ("call", "role", "code"),
    [
        (SessionShow(8), "cli", "no_session"),
        (SessionShow(0), "cli", "no_session"),
        (SessionList(300, PORTAL, 99), "cli", "gone"),
        (KickSession(7, "go"), "cli", "unknown_call"),
        (SessionList(), "server", "forbidden"),
    ],
)
def test_portal_refuses(tmp_path: Path, call: Call, role: Role, code: str) -> None:
    with pytest.raises(CallRefused) as refused:
        asked(tmp_path, call, role=role)

    assert refused.value.code == code
