"""The auth service on a real database, with clocks that tests turn and a cheap argon2."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from everdoor.events import Mark
from everdoor.ids import SessionKey
from everdoor.messages.accounts import AccountFound, CreateAccount
from everdoor.messages.callmessage import CallKey
from everdoor.messages.calls import Answer, Call, Request
from everdoor_auth.lanes import Lanes
from everdoor_auth.passwords import Argon2, Hashing, HashingThreads
from everdoor_auth.service import AuthService
from everdoor_auth.store import Store
from everdoor_auth.store_thread import StoreThread
from everdoor_auth.throttle import Limit, Throttle
from everdoor_auth.tools import Clocks, Tools

PASSWORD = "tall grey lighthouse"
CHEAP = Argon2(time_cost=1, memory_kib=8)


class RecordedNews:
    """What was published, by topic."""

    def __init__(self) -> None:
        self.published: list[tuple[str, dict[str, Any]]] = []

    @property
    def mark(self) -> Mark:
        return Mark("auth.1", len(self.published))

    def publish(self, topic: str, **data: Any) -> None:
        self.published.append((topic, data))

    def topics(self) -> list[str]:
        return [topic for topic, _ in self.published]


class Auth:
    """One home of the service, through as many lives as a test gives it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.now = 1000.0
        self.wall = 1_800_000_000.0
        self.hashing: Hashing = CHEAP
        self.is_open = True
        self.news = RecordedNews()
        self.login, self.creation = Limit(5, 300.0), Limit(2, 600.0)
        self._runner = asyncio.Runner()
        self._ids = itertools.count(1)
        self.tools: Tools | None = None

    def open(self) -> None:
        """Begin a life of the service."""
        self._runner.run(self._open())

    def reopen(self) -> None:
        """End this life, with all it has in memory, and begin another."""
        self.close_life()
        self.open()

    def ask(self, call: Call, **how: object) -> Answer:
        return self.ask_together((call, how))[0]

    def ask_together(self, *calls: tuple[Call, dict[str, object]]) -> list[Answer]:
        """Ask several calls at the same time; the answers come in the order of the calls."""
        return self._runner.run(self._gather([self._request(call, **how) for call, how in calls]))

    def create(self, name: str, **how: object) -> AccountFound:
        """Make an account from the command line; nothing counts it."""
        answer = self.ask(CreateAccount(name, PASSWORD, ""), role="cli", **how)
        assert isinstance(answer, AccountFound)
        return answer

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.wall += seconds

    def close_life(self) -> None:
        self._runner.run(self._close())

    def close(self) -> None:
        if self.tools is not None:
            self.close_life()
        self._runner.close()

    def _request(
        self,
        call: Call,
        *,
        key: CallKey | None = None,
        role: str = "server",
        generation: int = 1,
    ) -> Request:
        request_id = next(self._ids).to_bytes(16, "big")
        return Request(1, request_id, role, generation, key, call)

    async def _gather(self, requests: list[Request]) -> list[Answer]:
        return await asyncio.gather(*(self.service.handle(request) for request in requests))

    async def _open(self) -> None:
        store = Store(self.url)
        store.prepare()
        self.tools = Tools(
            StoreThread(store),
            HashingThreads(self.hashing, 2),
            Throttle(self.login, self.creation),
            Lanes(),
            Clocks(lambda: self.now, lambda: self.wall),
            self.news,
        )
        self.service = AuthService(self.tools, frozenset({"password"}), self.is_open)
        await self.service.load()

    async def _close(self) -> None:
        assert self.tools is not None
        self.tools.hashing.close()
        await self.tools.store.close()
        self.tools = None


def call_key(seq: int, number: int = 1, conn: int = 1) -> CallKey:
    return CallKey(SessionKey("host.portal.0", 7, conn), seq, number)
