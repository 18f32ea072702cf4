"""Wires on real sockets: nothing is lost, batches are bounded, breaks are told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from everdoor.bus import Addressed, Bus, Wire, require_local
from everdoor.bus.sockets import MAX_BATCH, MAX_PART_BYTES
from everdoor.errors import StartupError
from running import run, until


@asynccontextmanager
async def a_bus() -> AsyncIterator[Bus]:
    bus = Bus(asyncio.get_running_loop())
    try:
        yield bus
    finally:
        bus.close()


def ignore(batch: object) -> None:
    """Takes a batch that the test does not look at."""


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/stream"


def test_wire_carries_frames_both_ways_in_order(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            down: list[bytes] = []

            def echo(batch: list[Addressed]) -> None:
                for routing_id, frame, _ in batch:
                    assert server.send(routing_id, frame)

            server = bus.router(endpoint, echo)
            portal = bus.dealer(endpoint, b"portal.0", down.extend)
            sent = [b"%d" % number for number in range(900)]
            for frame in sent:
                assert portal.send(frame)
            await until(lambda: len(down) == len(sent))
            assert down == sent

    run(main())


def test_wire_loses_no_edge_when_both_sides_send_at_once(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            at_server: list[Addressed] = []
            at_portal: list[bytes] = []
            server = bus.router(endpoint, at_server.extend)
            portal = bus.dealer(endpoint, b"p", at_portal.extend)
            portal.send(b"hello")
            await until(lambda: at_server)
            for count in range(1, 3000):
                portal.send(b"up")
                server.send(b"p", b"down")
                if count % 7 == 0:
                    await asyncio.sleep(0)
                if count % 500 == 0:
                    await until(lambda: len(at_portal) >= count)  # noqa: B023
            await until(lambda: len(at_server) == 3000 and len(at_portal) == 2999)

    run(main())


def test_wire_reads_in_bounded_batches(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            sizes: list[int] = []
            bus.router(endpoint, lambda batch: sizes.append(len(batch)))
            portal = bus.dealer(endpoint, b"p", ignore)
            for _ in range(900):
                portal.send(b"x")
            await until(lambda: sum(sizes) == 900)
            assert max(sizes) <= MAX_BATCH

    run(main())


def test_wire_goes_on_after_a_reader_that_fails(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            taken: list[int] = []
            told: list[object] = []
            bus.loop.set_exception_handler(lambda _, context: told.append(context))

            def fail_once(batch: list[Addressed]) -> None:
                taken.append(len(batch))
                if len(taken) == 1:
                    raise RuntimeError("a bug")

            bus.router(endpoint, fail_once)
            portal = bus.dealer(endpoint, b"p", ignore)
            for _ in range(600):
                portal.send(b"x")
            await until(lambda: sum(taken) == 600)
            assert told

    run(main())


def test_router_refuses_an_unknown_peer(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            assert not bus.router(endpoint, ignore).send(b"nobody", b"frame")

    run(main())


def test_dealer_says_when_its_queue_is_full(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            portal = bus.dealer(endpoint, b"p", ignore)
            sent = 0
            while portal.send(b"x"):
                sent += 1
            assert sent >= 1000

    run(main())


def test_router_sends_to_the_newest_connection_of_a_portal(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            at_server: list[Addressed] = []
            newest: list[bytes] = []
            server = bus.router(endpoint, at_server.extend)
            bus.dealer(endpoint, b"p", ignore).send(b"old")
            await until(lambda: len(at_server) == 1)
            bus.dealer(endpoint, b"p", newest.extend).send(b"new")
            await until(lambda: len(at_server) == 2)
            assert server.send(b"p", b"frame")
            await until(lambda: newest == [b"frame"])

    run(main())


def test_router_drops_messages_of_several_frames(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            at_server: list[Addressed] = []
            server = bus.router(endpoint, at_server.extend)
            portal = bus.dealer(endpoint, b"p", ignore)
            portal.send(b"one", b"two")
            portal.send(b"good")
            await until(lambda: at_server)
            assert (at_server, server.malformed) == ([(b"p", b"good", None)], 1)

    run(main())


def test_router_ends_the_connection_of_an_oversized_frame(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            breaks: list[bool] = []
            at_server: list[Addressed] = []
            bus.router(endpoint, at_server.extend)
            portal = bus.dealer(endpoint, b"p", ignore, on_disconnect=lambda: breaks.append(True))
            portal.send(b"x" * (MAX_PART_BYTES + 1))
            await until(lambda: breaks)
            assert at_server == []

    run(main())


async def insist(wire: Wire[bytes], frame: bytes, arrived: list[Addressed]) -> None:
    """Send until something arrives: a closing server may still take what it never reads."""
    while not arrived:
        wire.send(frame)
        await asyncio.sleep(0.001)


def test_dealer_is_told_of_each_break(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            breaks: list[bool] = []
            portal = bus.dealer(endpoint, b"p", ignore, on_disconnect=lambda: breaks.append(True))
            for _ in range(2):
                at_server: list[Addressed] = []
                server = bus.router(endpoint, at_server.extend)
                await insist(portal, b"x", at_server)
                told_before = len(breaks)
                server.close()
                await until(lambda: len(breaks) > told_before)  # noqa: B023

    run(main())


def test_dealer_hears_nothing_after_close(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            heard: list[bytes] = []
            breaks: list[bool] = []
            at_server: list[Addressed] = []
            server = bus.router(endpoint, at_server.extend)
            portal = bus.dealer(
                endpoint, b"p", heard.extend, on_disconnect=lambda: breaks.append(True)
            )
            portal.send(b"x")
            await until(lambda: at_server)
            server.send(b"p", b"late")
            portal.close()
            portal.close()
            server.close()
            assert not portal.send(b"x")
            for _ in range(50):
                await asyncio.sleep(0)
            assert (heard, breaks, portal.closed) == ([], [], True)

    run(main())


def listening_unix(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    listener.setblocking(False)
    return listener


def listening_tcp(_: Path) -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    return listener


@pytest.mark.parametrize("listen", [listening_unix, listening_tcp])
def test_router_binds_an_inherited_listener_again_and_again(
    tmp_path: Path, listen: Callable[[Path], socket.socket]
) -> None:
    path = tmp_path / "stream"

    async def main(listener: socket.socket) -> None:
        name = listener.getsockname()
        place = f"tcp://{name[0]}:{name[1]}" if isinstance(name, tuple) else f"ipc://{name}"
        async with a_bus() as bus:
            portal = bus.dealer(place, b"p", ignore)
            for word in (b"first", b"second"):
                at_server: list[Addressed] = []
                server = bus.router(place, at_server.extend, fd=listener.fileno())
                await insist(portal, word, at_server)
                assert at_server[-1] == (b"p", word, None)
                server.close()

    with listen(path) as listener:
        run(main(listener))


@pytest.mark.parametrize(
    "endpoint",
    ["tcp://0.0.0.0:1", "tcp://*:1", "tcp://192.0.2.1:1", "tcp://example.org:1", "udp://x"],
)
def test_bus_refuses_an_endpoint_that_others_reach(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            for use in (
                lambda: bus.router(endpoint, ignore),
                lambda: bus.dealer(endpoint, b"p", ignore),
                lambda: bus.publisher(endpoint),
            ):
                with pytest.raises(StartupError, match="expected an endpoint of this machine"):
                    use()

    run(main())


@pytest.mark.parametrize("endpoint", ["ipc:///a", "tcp://127.0.0.1:1", "tcp://[::1]:1"])
def test_require_local_takes_endpoints_of_this_machine(endpoint: str) -> None:
    require_local(endpoint)


def test_bus_tells_an_endpoint_that_cannot_be_bound(tmp_path: Path) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            with pytest.raises(StartupError, match="missing/stream: cannot be used"):
                bus.router(f"ipc://{tmp_path}/missing/stream", ignore)

    run(main())


def test_wire_tells_the_port_that_the_system_gave() -> None:
    async def main() -> None:
        async with a_bus() as bus:
            wire = bus.router("tcp://127.0.0.1:*", ignore)
            assert int(wire.endpoint.rpartition(":")[2]) > 0

    run(main())


def test_bus_closes_twice() -> None:
    async def main() -> None:
        async with a_bus() as bus:
            bus.close()

    run(main())
