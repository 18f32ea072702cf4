"""Copies that are kept up to date by events: taken at the beginning, at news, after a gap."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from everdoor.bus import Bus, Publisher, RpcClient, RpcServer, following
from everdoor.bus.following import Follower, read_bans, read_changes
from everdoor.errors import CallTimeout
from everdoor.events import Mark
from everdoor.messages.accounts import (
    AccountChange,
    AccountChanges,
    Ban,
    Bans,
    ListBans,
    ListChanges,
)
from everdoor.messages.calls import Answer, Failed, Request
from running import run, until


class Service:
    """Publishes, and counts how often it is asked for its state."""

    def __init__(self, bus: Bus, endpoint: str) -> None:
        self._bus = bus
        self._endpoint = endpoint
        self.takings = 0
        self.failures: list[Exception] = []
        self.begin("service.1")

    def begin(self, life: str) -> None:
        self.news = Publisher(self._bus, self._endpoint, life)

    async def take(self) -> Mark:
        if self.failures:
            raise self.failures.pop()
        self.takings += 1
        return self.news.mark


@asynccontextmanager
async def followed(tmp_path: Path, *failures: Exception) -> AsyncIterator[Service]:
    bus = Bus(asyncio.get_running_loop())
    endpoint = f"ipc://{tmp_path}/events"
    service = Service(bus, endpoint)
    service.failures = list(failures)
    follower = Follower(bus, endpoint, ("ban",), service.take)
    try:
        await until(lambda: service.takings)
        yield service
    finally:
        follower.close()
        bus.close()


def test_follower_takes_its_copy_again_at_news_of_its_topics(tmp_path: Path) -> None:
    async def main() -> None:
        async with followed(tmp_path) as service:
            # Until the subscription is in force news is lost; a beat then shows the gap.
            while service.takings < 3:
                service.news.publish("ban.added", id=1)
                await asyncio.sleep(0.01)

    run(main())


def test_follower_takes_its_copy_again_when_the_service_begins_another_life(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with followed(tmp_path) as service:
            before = service.takings
            service.news.close()
            service.begin("service.2")
            while service.takings == before:
                service.news.publish("something.else")
                await asyncio.sleep(0.01)

    run(main())


@pytest.mark.parametrize("error", [CallTimeout("nobody answers"), ValueError("broken")])
def test_follower_tries_again_until_it_has_its_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(following, "AGAIN_S", 0.01)

    async def main() -> None:
        async with followed(tmp_path, error, error, error) as service:
            assert not service.failures

    run(main())


BANS = [Ban(number, "name", f"Troll{number}", None, "", "", 1.0, None) for number in (1, 2, 3)]
CHANGES = [AccountChange(number, 5, "logged_out", "Anna") for number in (4, 5, 6)]


async def in_pages(request: Request) -> Answer:
    """Give out two of a list at a time; the mark moves from page to page."""
    match request.call:
        case ListBans(after=after):
            bans = [ban for ban in BANS if ban.id > after]
            return Bans(bans[:2], len(bans) > 2, "auth.1", 10 + after)
        case ListChanges(after=after):
            changes = [change for change in CHANGES if change.number > after]
            return AccountChanges(changes[:2], len(changes) > 2, "auth.1", 10 + after)
    return Failed("unknown_call", "That is not answered here.")


def test_lists_are_read_page_by_page_as_of_the_first(tmp_path: Path) -> None:
    async def main() -> None:
        bus = Bus(asyncio.get_running_loop())
        endpoint = f"ipc://{tmp_path}/auth"
        server = RpcServer(bus, endpoint, in_pages)
        client = RpcClient(bus, endpoint, "server", 1)
        assert await read_bans(client) == (BANS, Mark("auth.1", 10))
        assert await read_changes(client, 3) == (CHANGES, Mark("auth.1", 13))
        assert (await read_changes(client, 6))[0] == []
        client.close()
        await server.close()
        bus.close()

    run(main())
