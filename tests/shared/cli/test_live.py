"""Reading long lists of sessions, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Set
from pathlib import Path

import pytest

from everdoor.bus import Bus, RpcClient, RpcServer
from everdoor.cli.live import Listed, list_all
from everdoor.errors import CallRefused
from everdoor.events import Mark
from everdoor.messages.calls import Answer, Request, SessionInfo, SessionList
from everdoor.pages import PAGE, Pages
from running import run


class Service:
    """Answers with a list in pages, and has forgotten it when it is asked the nth time."""

    def __init__(self, sessions: int, forgets: Set[int] = frozenset()) -> None:
        self._sessions = [
            SessionInfo(n, "p", "telnet", "", False, None, None, 0.0, 0.0, 0, None, None)
            for n in range(1, sessions + 1)
        ]
        self._pages = Pages()
        self._forgets = forgets
        self._asked = 0

    async def answer(self, request: Request) -> Answer:
        assert isinstance(request.call, SessionList)
        self._asked += 1
        if self._asked in self._forgets:
            self._pages = Pages()
        if request.call.skip == 0:
            return self._pages.begin(self._sessions, Mark("server.1", 7))
        return self._pages.go_on(request.call)


def read(folder: Path, service: Service) -> Listed:
    async def main() -> Listed:
        bus = Bus(asyncio.get_running_loop())
        try:
            RpcServer(bus, f"ipc://{folder}/rpc", service.answer)
            return await list_all(RpcClient(bus, f"ipc://{folder}/rpc", "cli"), 5.0)
        finally:
            bus.close()

    return run(main())


@pytest.mark.parametrize("sessions", [0, 1, PAGE, PAGE + 1, 3 * PAGE + 5])
def test_list_is_read_to_its_end(tmp_path: Path, sessions: int) -> None:
    found, mark = read(tmp_path, Service(sessions))

    assert [info.sessid for info in found] == list(range(1, sessions + 1))
    assert mark == Mark("server.1", 7)


def test_list_that_is_gone_halfway_is_begun_again(tmp_path: Path) -> None:
    found, _ = read(tmp_path, Service(3 * PAGE, forgets={3, 5}))

    assert [info.sessid for info in found] == list(range(1, 3 * PAGE + 1))


def test_list_that_is_gone_every_time_is_told(tmp_path: Path) -> None:
    with pytest.raises(CallRefused) as refused:
        read(tmp_path, Service(3 * PAGE, forgets={2, 4, 6}))

    assert refused.value.code == "gone"
