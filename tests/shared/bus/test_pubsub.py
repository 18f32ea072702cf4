"""Events over real sockets: who subscribes late asks for the state and misses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from everdoor.bus import Bus, Publisher, Subscriber
from everdoor.events import Published
from running import run, until


@asynccontextmanager
async def a_bus() -> AsyncIterator[Bus]:
    bus = Bus(asyncio.get_running_loop())
    try:
        yield bus
    finally:
        bus.close()


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/events"


async def joined(publisher: Publisher, got: list[Published]) -> None:
    """Publish until the subscription has taken effect."""
    while not got:
        publisher.publish("session.first")
        await asyncio.sleep(0.001)


def test_subscriber_hears_its_topic_only(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            got: list[Published] = []
            publisher = Publisher(bus, endpoint, "server.1")
            Subscriber(bus, endpoint, got.append, topic="session")
            await joined(publisher, got)
            publisher.publish("server.ready", generation=4)
            publisher.publish("session.p.1", account="anna")
            await until(lambda: got[-1].topic == "session.p.1")
            assert got[-1].event.data == {"account": "anna"}
            assert {published.topic.partition(".")[0] for published in got} == {"session"}

    run(main())


def test_subscriber_takes_the_state_and_then_what_is_newer(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            state: list[int] = []
            got: list[int] = []
            publisher = Publisher(bus, endpoint, "server.1")

            def change() -> None:
                state.append(len(state) + 1)
                publisher.publish("count", value=state[-1])

            def ask() -> None:
                got[:] = state
                subscriber.take_state(publisher.mark)

            subscriber = Subscriber(
                bus, endpoint, lambda p: got.append(p.event.data["value"]), on_gap=ask
            )
            for _ in range(300):
                change()
                await asyncio.sleep(0)
            # An event makes the gap seen that was left by those before the subscription.
            while got != state:
                change()
                for _ in range(20):
                    await asyncio.sleep(0.001)
            assert got == list(range(1, len(got) + 1))

    run(main())


def test_subscriber_notices_a_publisher_that_was_replaced(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            gaps: list[str] = []
            got: list[Published] = []
            lives = [Publisher(bus, endpoint, "server.1")]

            def ask() -> None:
                gaps.append(lives[-1].mark.publisher)
                subscriber.take_state(lives[-1].mark)

            subscriber = Subscriber(bus, endpoint, got.append, on_gap=ask)
            await joined(lives[-1], got)
            lives[-1].close()
            lives.append(Publisher(bus, endpoint, "server.2"))
            while gaps[-1] != "server.2":
                lives[-1].publish("server.ready")
                await asyncio.sleep(0.001)

    run(main())


def test_subscriber_counts_what_is_no_event(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            got: list[Published] = []
            publisher = Publisher(bus, endpoint, "server.1")
            subscriber = Subscriber(bus, endpoint, got.append)
            await joined(publisher, got)
            publisher.wire.send(b"topic", b"nonsense")
            publisher.wire.send(b"alone")
            await until(lambda: subscriber.malformed == 2)

    run(main())
