"""Calls over real sockets, answering processes coming and going."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from everdoor.bus import Bus, RpcClient, RpcServer
from everdoor.errors import CallRefused, CallTimeout
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Answer, Failed, Request, Status, Stop
from running import run, until


@asynccontextmanager
async def a_client(endpoint: str) -> AsyncIterator[tuple[Bus, RpcClient]]:
    bus = Bus(asyncio.get_running_loop())
    try:
        yield bus, RpcClient(bus, endpoint, "cli", generation=3)
    finally:
        bus.close()


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/rpc"


async def done(request: Request) -> Answer:
    return Done()


def test_rpc_answers_a_call(endpoint: str) -> None:
    async def main() -> None:
        seen: list[Request] = []

        async def handler(request: Request) -> Answer:
            seen.append(request)
            return Done()

        async with a_client(endpoint) as (bus, client):
            server = RpcServer(bus, endpoint, handler)
            assert await client.call(Stop("maintenance"), deadline_s=5) == Done()
            assert (seen[0].call, seen[0].role, seen[0].generation) == (
                Stop("maintenance"),
                "cli",
                3,
            )
            await server.close()

    run(main())


def test_rpc_answers_many_calls_at_once(endpoint: str) -> None:
    async def main() -> None:
        async def slow(request: Request) -> Answer:
            await asyncio.sleep(0)
            assert isinstance(request.call, Stop)
            raise CallRefused("echo", request.call.reason)

        async def ask(client: RpcClient, text: str) -> str:
            with pytest.raises(CallRefused) as caught:
                await client.call(Stop(text), deadline_s=10)
            return str(caught.value)

        async with a_client(endpoint) as (bus, client):
            server = RpcServer(bus, endpoint, slow)
            texts = [str(number) for number in range(200)]
            assert await asyncio.gather(*(ask(client, text) for text in texts)) == texts
            await server.close()

    run(main())


def test_rpc_waits_for_a_server_that_comes_later(endpoint: str) -> None:
    async def main() -> None:
        async with a_client(endpoint) as (bus, client):
            call = asyncio.ensure_future(client.call(Status(), deadline_s=10))
            await asyncio.sleep(0)
            server = RpcServer(bus, endpoint, done)
            assert await call == Done()
            await server.close()

    run(main())


def test_rpc_asks_again_when_the_server_was_replaced(endpoint: str) -> None:
    async def main() -> None:
        seen: list[bytes] = []

        async def hang(request: Request) -> Answer:
            seen.append(request.id)
            return await asyncio.Future[Answer]()

        async def remember(request: Request) -> Answer:
            seen.append(request.id)
            return Done()

        async with a_client(endpoint) as (bus, client):
            first = RpcServer(bus, endpoint, hang)
            call = asyncio.ensure_future(client.call(Status(), deadline_s=10))
            await until(lambda: seen)
            await first.close()
            second = RpcServer(bus, endpoint, remember)
            assert await call == Done()
            assert len(seen) == 2 and seen[0] == seen[1]
            await second.close()

    run(main())


def test_rpc_without_an_answer_times_out_and_the_next_call_works(endpoint: str) -> None:
    async def main() -> None:
        async with a_client(endpoint) as (bus, client):
            with pytest.raises(CallTimeout, match="within 0.05 s, asked 1 times"):
                await client.call(Status(), deadline_s=0.05)
            server = RpcServer(bus, endpoint, done)
            assert await client.call(Status(), deadline_s=5) == Done()
            await server.close()

    run(main())


async def refuse(request: Request) -> Answer:
    raise CallRefused("throttled", "Wait.", 7.5)


async def fail(request: Request) -> Answer:
    return Failed("throttled", "Wait.", 7.5)


@pytest.mark.parametrize("handler", [refuse, fail])
def test_rpc_refusal_reaches_the_caller(
    endpoint: str, handler: Callable[[Request], Awaitable[Answer]]
) -> None:
    async def main() -> None:
        async with a_client(endpoint) as (bus, client):
            server = RpcServer(bus, endpoint, handler)
            with pytest.raises(CallRefused, match="Wait") as caught:
                await client.call(Status(), deadline_s=5)
            assert (caught.value.code, caught.value.retry_after_s) == ("throttled", 7.5)
            await server.close()

    run(main())


def test_rpc_bug_in_a_handler_tells_the_caller_nothing(endpoint: str) -> None:
    async def main() -> None:
        async def broken(request: Request) -> Answer:
            raise KeyError("a secret detail")

        async with a_client(endpoint) as (bus, client):
            server = RpcServer(bus, endpoint, broken)
            with pytest.raises(CallRefused) as caught:
                await client.call(Status(), deadline_s=5)
            assert caught.value.code == "internal"
            assert "secret" not in str(caught.value)
            await server.close()

    run(main())


def test_rpc_server_counts_what_it_cannot_answer(endpoint: str) -> None:
    async def main() -> None:
        async with a_client(endpoint) as (bus, client):
            server = RpcServer(bus, endpoint, done)
            stranger = bus.requester(endpoint, lambda batch: None)
            stranger.send(b"\xc1 nonsense")
            await until(lambda: server.dropped == 1)
            assert await client.call(Status(), deadline_s=5) == Done()
            await server.close()

    run(main())


def test_rpc_client_gives_up_when_cancelled_and_leaves_nothing_open(endpoint: str) -> None:
    async def main() -> None:
        async with a_client(endpoint) as (bus, client):
            call = asyncio.ensure_future(client.call(Status(), deadline_s=10))
            await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            client.close()

    run(main())
