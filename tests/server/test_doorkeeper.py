"""What keeps the door, over real sockets: lists taken, guests swept, idle sessions ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from everdoor.bus import Bus, Publisher, RpcClient, RpcServer
from everdoor.endpoints import Endpoints, endpoints
from everdoor.messages.accounts import (
    AccountChange,
    AccountChanges,
    Ban,
    Bans,
    ListBans,
    ListChanges,
    SweepGuests,
)
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Answer, Failed, Request
from everdoor_server import doorkeeper
from everdoor_server.doorkeeper import Doorkeeper
from everdoor_server.engine import GameOptions
from everdoor_server.objects import Character
from everdoor_server.testing import World
from running import run, until


class AuthStand:
    """Answers the calls of a doorkeeper, and writes down what it was asked."""

    def __init__(self, bus: Bus, system: Endpoints) -> None:
        self.bans: list[Ban] = []
        self.changes: list[AccountChange] = []
        self.swept: list[list[int]] = []
        self.asked_after: list[int] = []
        self.news = Publisher(bus, system.auth_events, "auth.1")
        self.rpc = RpcServer(bus, system.auth_rpc, self._answer)

    async def _answer(self, request: Request) -> Answer:
        mark = self.news.mark
        match request.call:
            case ListBans():
                return Bans(self.bans, False, mark.publisher, mark.seq)
            case ListChanges(after=after):
                self.asked_after.append(after)
                later = [change for change in self.changes if change.number > after]
                return AccountChanges(later, False, mark.publisher, mark.seq)
            case SweepGuests(keep=keep):
                self.swept.append(keep)
                return Done()
        return Failed("unknown_call", "That is not answered here.")


async def perform(action: Callable[[], None]) -> None:
    action()


@asynccontextmanager
async def kept(home: Path, world: World, idle_timeout_s: float = 0.0) -> AsyncIterator[AuthStand]:
    """A world whose door is kept."""
    with TemporaryDirectory() as short:  # the folder of a test may be too long for a socket
        async with _kept(endpoints(home, Path(short), 0), world, idle_timeout_s) as auth:
            yield auth


@asynccontextmanager
async def _kept(system: Endpoints, world: World, idle_timeout_s: float) -> AsyncIterator[AuthStand]:
    bus = Bus(asyncio.get_running_loop())
    system.folder.mkdir(parents=True, exist_ok=True)
    auth = AuthStand(bus, system)
    client = RpcClient(bus, system.auth_rpc, "server", 1)
    keeper = Doorkeeper(bus, system, client, world.game, perform, idle_timeout_s)
    try:
        yield auth
    finally:
        keeper.close()
        client.close()
        await auth.rpc.close()
        bus.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "LOOK_S", 0.01)
    monkeypatch.setattr(doorkeeper, "SWEEP_S", 0.01)
    monkeypatch.setattr(doorkeeper, "FORGET_S", 0.01)


def test_doorkeeper_has_sessions_ended_by_what_auth_knows_when_it_begins(tmp_path: Path) -> None:
    async def main() -> None:
        world = World()
        anna, ben = world.log_in("Anna"), world.log_in("Ben")
        async with kept(tmp_path, world) as auth:
            auth.bans = [Ban(1, "name", "Anna", anna.session.uid, "", "", 1.0, None)]
            await until(lambda: anna.closed)
            assert ben.closed is None

    run(main())


def test_doorkeeper_has_the_world_forget_who_was_deleted(tmp_path: Path, quick: None) -> None:
    async def main() -> None:
        world = World()
        anna = world.log_in("Anna")
        uid, body = anna.session.uid, anna.puppet
        assert uid is not None
        async with kept(tmp_path, world) as auth:
            auth.changes = [AccountChange(7, uid, "deleted", "Anna")]
            await until(lambda: body.is_deleted)
            assert anna.closed and world.game.accounts.get(uid) is None

    run(main())


def test_doorkeeper_takes_news_and_asks_for_changes_that_it_does_not_know(tmp_path: Path) -> None:
    async def main() -> None:
        world = World()
        anna, ben = world.log_in("Anna"), world.log_in("Ben")
        async with kept(tmp_path, world) as auth:
            await until(lambda: auth.asked_after)
            for number, client in ((7, anna), (8, ben)):
                uid = client.session.uid
                assert uid is not None
                auth.changes.append(AccountChange(number, uid, "logged_out", ""))
                auth.news.publish(f"account.{uid}.logged_out")
                await until(lambda client=client: client.closed)
            assert auth.asked_after[0] == 0
            assert 7 in auth.asked_after

    run(main())


@pytest.mark.usefixtures("quick")
def test_doorkeeper_has_guests_swept_but_those_who_are_here(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(GameOptions(guest_enabled=True))
        guest = world.connect()
        guest.type("connect guest")
        async with kept(tmp_path, world) as auth:
            await until(lambda: auth.swept)
            assert auth.swept[-1] == [guest.session.uid]
            guest.leave()
            await until(lambda: auth.swept[-1] == [])

    run(main())


@pytest.mark.usefixtures("quick")
def test_doorkeeper_has_idle_sessions_ended(tmp_path: Path) -> None:
    async def main() -> None:
        world = World()
        anna = world.log_in("Anna")
        async with kept(tmp_path, world, idle_timeout_s=60):
            world.now += 61
            await until(lambda: anna.closed)

    run(main())


def test_doorkeeper_goes_on_when_code_of_the_game_has_failed(tmp_path: Path, quick: None) -> None:
    failures = [ValueError("broken")]

    class Clumsy(Character):
        """Fails when it is deleted, the first time."""

        def at_object_delete(self) -> bool:
            if failures:
                raise failures.pop()
            return True

    async def main() -> None:
        world = World(character_class=Clumsy)
        anna = world.log_in("Anna")
        uid, body = anna.session.uid, anna.puppet
        assert uid is not None
        async with kept(tmp_path, world) as auth:
            auth.changes = [AccountChange(7, uid, "deleted", "Anna")]
            await until(lambda: body.is_deleted)
            assert not failures

    run(main())
