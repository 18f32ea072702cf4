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


def test_publisher_speaks_when_there_is_nothing_to_say(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the loss of the last event before a pause is noticed; a beat itself is not handed on."""
    monkeypatch.setattr("everdoor.bus.pubsub.BEAT_S", 0.01)

    async def main() -> None:
        async with a_bus() as bus:
            got: list[Published] = []
            asked: list[int] = []

            def ask() -> None:
                asked.append(publisher.mark.seq)
                subscriber.take_state(publisher.mark)

            publisher = Publisher(bus, endpoint, "server.1")
            subscriber = Subscriber(bus, endpoint, got.append, on_gap=ask)
            await until(lambda: publisher.mark.seq > 5 and asked)
            # Numbered, and never received.
            publisher._numbering.next("session.lost", {}, 0.0)
            lost = publisher.mark.seq
            await until(lambda: asked[-1] > lost)
            assert got == []
            publisher.close()

    run(main())


def test_subscriber_asks_again_when_the_connection_was_made_anew(endpoint: str) -> None:
    """A new life that says nothing would not be noticed otherwise."""

    async def main() -> None:
        async with a_bus() as bus:
            asked: list[str] = []
            life = Publisher(bus, endpoint, "server.1")

            def ask() -> None:
                asked.append(life.mark.publisher)
                subscriber.take_state(life.mark)

            subscriber = Subscriber(bus, endpoint, lambda published: None, on_gap=ask)
            await until(lambda: len(asked) >= 2)
            life.close()
            life = Publisher(bus, endpoint, "server.2")
            await until(lambda: asked[-1] == "server.2")
            life.close()

    run(main())


def test_subscriber_of_hints_receives_its_topic_only(endpoint: str) -> None:
    async def main() -> None:
        async with a_bus() as bus:
            got: list[Published] = []
            publisher = Publisher(bus, endpoint, "server.1")
            subscriber = Subscriber(bus, endpoint, got.append, topic="session")
            await joined(publisher, got)
            publisher.wire.send(b"other", b"nonsense")
            publisher.publish("session.last")
            await until(lambda: got[-1].topic == "session.last")
            assert subscriber.malformed == 0

    run(main())
