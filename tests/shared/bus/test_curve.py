"""Sockets for other hosts: who has no allowed key of the right role is not heard."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import zmq

from everdoor.bus import Addressed, Bus, Curve, Far, Publisher, RpcClient, RpcServer, Subscriber
from everdoor.bus import new_key_pair as new_pair
from everdoor.errors import CallRefused, CallTimeout, StartupError
from everdoor.events import Published
from everdoor.keys import Keys
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Answer, Request, Status
from everdoor.peers import KeyRole
from running import run, until

PORTALS: frozenset[KeyRole] = frozenset(("portal",))
SERVER, PORTAL, STRANGER = new_pair(), new_pair(), new_pair()


class Hosts:
    """A server's host with a listening port, and a portal's."""

    def __init__(self, folder: Path, listener: socket.socket) -> None:
        self.local = f"ipc://{folder}/local"
        self.endpoint = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        self.keys = Keys(folder / "home")
        self.far = Far(self.endpoint, listener.fileno(), PORTALS)
        self.keys.allow("portal", PORTAL.public, "there", "here")

    @asynccontextmanager
    async def server(self) -> AsyncIterator[Bus]:
        async with _bus(Curve(SERVER, {}, self.keys)) as bus:
            yield bus

    @asynccontextmanager
    async def portal(self, pair: object = PORTAL, server: object = SERVER) -> AsyncIterator[Bus]:
        services = {self.endpoint: server.public}  # type: ignore[attr-defined]
        async with _bus(Curve(pair, services, self.keys)) as bus:  # type: ignore[arg-type]
            yield bus


@asynccontextmanager
async def _bus(curve: Curve) -> AsyncIterator[Bus]:
    bus = Bus(asyncio.get_running_loop(), curve)
    try:
        yield bus
    finally:
        bus.close()


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Hosts(tmp_path, listener)


def ignore(batch: object) -> None:
    """Takes a batch that the test does not look at."""


async def done(request: Request) -> Answer:
    return Done()


def test_frames_of_other_hosts_say_whose_key_they_came_by(hosts: Hosts) -> None:
    async def main() -> None:
        async with hosts.server() as here, hosts.portal() as there:
            got: list[Addressed] = []
            here.router(hosts.local, got.extend, far=hosts.far)
            there.dealer(hosts.endpoint, b"far", ignore).send(b"from there")
            here.dealer(hosts.local, b"near", ignore).send(b"from here")
            await until(lambda: len(got) == 2)
            found = {one.frame: one.peer for one in got}
            assert found[b"from here"] is None
            peer = found[b"from there"]
            assert peer and (peer.role, peer.host, peer.key) == ("portal", "there", PORTAL.public)

    run(main())


def test_stranger_is_refused_and_let_in_once_allowed(hosts: Hosts) -> None:
    async def main() -> None:
        async with hosts.server() as here, hosts.portal(STRANGER) as there:
            got: list[Addressed] = []
            refused: list[str] = []
            here.router(hosts.local, got.extend, far=hosts.far)

            def connect() -> None:
                wire = there.dealer(hosts.endpoint, b"x", ignore, on_refused=tell)
                wire.send(b"hello")

            def tell() -> None:
                refused.append("refused")

            connect()
            await until(lambda: refused)
            assert got == []
            hosts.keys.allow("portal", STRANGER.public, "elsewhere", "here")
            connect()
            await until(lambda: got)

    run(main())


def test_key_of_another_role_is_refused(hosts: Hosts) -> None:
    async def main() -> None:
        hosts.keys.allow("server", STRANGER.public, "", "here")
        async with hosts.server() as here, hosts.portal(STRANGER) as there:
            got: list[Addressed] = []
            refused: list[str] = []
            here.router(hosts.local, got.extend, far=hosts.far)
            wire = there.dealer(
                hosts.endpoint, b"x", ignore, on_refused=lambda: refused.append("refused")
            )
            wire.send(b"hello")
            await until(lambda: refused)
            assert got == []

    run(main())


def test_who_speaks_without_keys_is_not_heard(hosts: Hosts) -> None:
    async def main() -> None:
        async with hosts.server() as here, hosts.portal() as there:
            got: list[Addressed] = []
            here.router(hosts.local, got.extend, far=hosts.far)
            context = zmq.Context()
            plain = context.socket(zmq.DEALER)
            plain.connect(hosts.endpoint)
            plain.send(b"plain")
            await until(lambda: _speaks(there, hosts, got))
            assert {one.frame for one in got} == {b"with a key"}
            plain.close(0)
            context.term()

    run(main())


def _speaks(bus: Bus, hosts: Hosts, got: list[Addressed]) -> bool:
    if not got:
        bus.dealer(hosts.endpoint, b"%d" % id(got), ignore).send(b"with a key")
    return bool(got)


def test_frames_by_a_key_that_was_revoked_count_no_more(hosts: Hosts) -> None:
    async def main() -> None:
        async with hosts.server() as here, hosts.portal() as there:
            got: list[Addressed] = []
            router = here.router(hosts.local, got.extend, far=hosts.far)
            wire = there.dealer(hosts.endpoint, b"far", ignore)
            wire.send(b"before")
            await until(lambda: got)
            hosts.keys.revoke(PORTAL.public)
            wire.send(b"after")
            await until(lambda: router.malformed)
            assert [one.frame for one in got] == [b"before"]

    run(main())


def test_calls_are_asked_as_the_role_of_the_key_only(hosts: Hosts) -> None:
    async def main() -> None:
        async with hosts.server() as here, hosts.portal() as there:
            server = RpcServer(here, hosts.local, done, far=hosts.far)
            mine = RpcClient(there, hosts.endpoint, "portal")
            assert await mine.call(Status(), deadline_s=10) == Done()
            with pytest.raises(CallRefused) as caught:
                await RpcClient(there, hosts.endpoint, "cli").call(Status(), deadline_s=10)
            assert caught.value.code == "forbidden"
            assert await RpcClient(here, hosts.local, "cli").call(Status(), deadline_s=10) == Done()
            await server.close()

    run(main())


def test_caller_answers_to_nobody_but_the_service_that_it_knows(hosts: Hosts) -> None:
    async def main() -> None:
        async with hosts.server() as here, hosts.portal(server=STRANGER) as there:
            server = RpcServer(here, hosts.local, done, far=hosts.far)
            with pytest.raises(CallTimeout):
                await RpcClient(there, hosts.endpoint, "portal").call(Status(), deadline_s=0.5)
            await server.close()

    run(main())


def test_subscriber_that_was_refused_tries_again(hosts: Hosts) -> None:
    async def main() -> None:
        async with hosts.server() as here, hosts.portal(STRANGER) as there:
            got: list[Published] = []
            publisher = Publisher(here, hosts.local, "server.1", far=hosts.far)
            Subscriber(there, hosts.endpoint, got.append, topic="news")
            hosts.keys.allow("portal", STRANGER.public, "elsewhere", "here")
            await until(lambda: publisher.publish("news") or got)
            publisher.close()

    run(main())


def test_endpoint_of_another_machine_is_refused_without_its_key(hosts: Hosts) -> None:
    async def main() -> None:
        async with hosts.portal() as bus:
            with pytest.raises(StartupError, match="others need keys"):
                bus.dealer("tcp://192.0.2.1:4500", b"x", ignore)
            with pytest.raises(StartupError, match="others need keys"):
                bus.router("tcp://0.0.0.0:4500", ignore)

    run(main())
