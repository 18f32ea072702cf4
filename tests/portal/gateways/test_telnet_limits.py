"""Limits as clients meet them on sockets: who is let in, who waits, who is disturbed by whom."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest

from everdoor.addresses import parse_networks
from everdoor.bans import BanList
from everdoor.ids import Incarnation, RowId
from everdoor.messages.accounts import Ban
from everdoor.messages.stream import Connected, Disconnected, Input, Numbered, Output, Row
from everdoor_portal.gateways.intake import PIECE_BYTES
from everdoor_portal.gateways.telnet import MAX_UNSENT_BYTES, TelnetGateway
from everdoor_portal.limits import Entrance
from everdoor_portal.sessionhandler import PortalSessionHandler
from running import run, until

HOST, OTHER_HOST = "127.0.0.1", "127.0.0.2"
BANNED = "203.0.113.9"

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Stand(NamedTuple):
    """A gateway that listens, and what it works with."""

    gateway: TelnetGateway
    sessions: PortalSessionHandler
    entrance: Entrance
    port: int
    clients: list[Client]

    async def client(self, host: str = HOST) -> Client:
        client = await asyncio.open_connection(HOST, self.port, local_addr=(host, 0))
        self.clients.append(client)
        return client

    async def refused(self, host: str = HOST) -> str:
        """What a client is shown that is let go at once."""
        reader, _ = await self.client(host)
        return (await reader.read()).decode()

    def lines(self) -> list[str]:
        return [each.text for each in self.sessions.take_outgoing() if isinstance(each, Input)]

    async def lines_behind_connected(self, count: int) -> list[str]:
        """The lines of the client that came last, once there are so many: inputs of the connection
        that the server has been told of, numbered behind that."""
        said: list[Numbered] = []
        while sum(isinstance(each, Input) for each in said) < count:
            said += self.sessions.take_outgoing()
            await asyncio.sleep(0.001)
        connected = [each for each in said if isinstance(each, Connected)][-1]
        own = said[said.index(connected) :]
        lines = [each for each in own if isinstance(each, Input)]
        assert len(lines) == count, "no input comes before what it is of"
        assert {each.conn for each in own} == {connected.conn}
        assert [each.seq for each in own] == list(range(1, len(own) + 1))
        return [each.text for each in lines]


@asynccontextmanager
async def stand(
    max_rate: int = 0,
    max_newcomers: int = 0,
    max_lines: int = 0,
    max_chars: int = 6000,
    held_lines: int = 0,
) -> AsyncIterator[Stand]:
    loop = asyncio.get_running_loop()
    sessions = PortalSessionHandler("p", Incarnation(1, 7), loop.time, held_lines, max_lines)
    entrance = Entrance(sessions.newcomers, lambda: 0.0, max_rate, max_newcomers)
    gateway = TelnetGateway(loop, sessions, loop.time, max_chars, entrance)
    listener = socket.create_server((HOST, 0))
    await gateway.listen(listener)
    here = Stand(gateway, sessions, entrance, listener.getsockname()[1], [])
    try:
        yield here
    finally:
        sessions.disconnect_all("")
        gateway.close()
        listener.close()
        for _, writer in here.clients:
            writer.close()
            await writer.wait_closed()


def test_banned_client_is_told_why_and_let_go() -> None:
    async def main() -> None:
        async with stand() as here:
            here.entrance.bans = BanList(
                [Ban(1, "address", OTHER_HOST, None, "Spam.", "", 0, None)]
            )
            shown = await here.refused(OTHER_HOST)
            assert shown.startswith("You have been banned") and "Spam." in shown
            await here.client()
            await until(lambda: len(here.sessions) == 1)

    run(main())


def test_client_beyond_the_rate_is_told_and_let_in_in_its_turn_with_what_it_typed() -> None:
    async def main() -> None:
        async with stand(max_rate=5) as here:
            clients = [await here.client() for _ in range(7)]
            reader, writer = clients[-1]
            writer.write(b"connect Anna seven lanterns\r\nlo")
            assert b"let in in 1 second" in await reader.readuntil(b"\n")
            writer.write(b"ok\r\nsay hi\r\n")
            assert len(here.sessions) < 7
            typed = ["connect Anna seven lanterns", "look", "say hi"]
            assert await here.lines_behind_connected(3) == typed

    run(main())


def test_client_behind_a_proxy_counts_by_its_own_address_and_keeps_what_it_typed() -> None:
    async def main() -> None:
        async with stand() as here:
            here.gateway.proxies = parse_networks(OTHER_HOST)
            here.entrance.bans = BanList([Ban(1, "address", BANNED, None, "Spam.", "", 0, None)])
            _, writer = await here.client(OTHER_HOST)
            writer.write(b"PROXY TCP4 203.0.113.7 127.0.0.1 ")
            await here.client(HOST)
            await until(lambda: len(here.sessions) == 1)
            writer.write(b"55555 4000\r\nlook\r\n")
            await until(lambda: "look" in here.lines())
            reader, writer = await here.client(OTHER_HOST)
            writer.write(f"PROXY TCP4 {BANNED} 127.0.0.1 1 4000\r\n".encode())
            assert b"Spam." in await reader.read()
            assert [session.peer[0] for session in here.sessions] == [HOST, "203.0.113.7"]

    run(main())


@pytest.mark.parametrize(("typed", "header_s"), [(b"look\r\n", 5.0), (b"PROXY TCP4 ", 0.01)])
def test_proxy_that_does_not_say_whom_it_brings_is_let_go_and_is_no_session(
    typed: bytes, header_s: float
) -> None:
    async def main() -> None:
        async with stand() as here:
            here.gateway.proxies, here.gateway.header_s = parse_networks(OTHER_HOST), header_s
            reader, writer = await here.client(OTHER_HOST)
            writer.write(typed)
            assert await reader.read() == b""
            assert len(here.sessions) == 0

    run(main())


def test_client_that_leaves_while_it_waits_is_no_session() -> None:
    async def main() -> None:
        async with stand(max_rate=2) as here:
            clients = [await here.client() for _ in range(3)]
            clients[-1][1].close()
            await here.client(OTHER_HOST)
            await until(lambda: len(here.sessions) == 3)
            assert [session.address for session in here.sessions] == [HOST, HOST, OTHER_HOST]

    run(main())


def test_client_beyond_the_queue_is_refused() -> None:
    async def main() -> None:
        async with stand(max_rate=1) as here:
            for _ in range(6):
                await here.client()
            assert "Please try again in a moment." in await here.refused()

    run(main())


def test_client_of_an_address_with_many_who_are_not_logged_in_is_refused() -> None:
    async def main() -> None:
        async with stand(max_newcomers=2) as here:
            for _ in range(2):
                await here.client()
            await until(lambda: len(here.sessions) == 2)
            assert "2 connections wait for a login already" in await here.refused()
            here.sessions.apply(Row(RowId(1, 1), [], [(1, {"logged_in": True})], [], []))
            await here.client()
            await until(lambda: len(here.sessions) == 3)

    run(main())


def test_client_that_types_too_fast_is_held_back_and_loses_no_line() -> None:
    async def main() -> None:
        async with stand(max_lines=1000) as here:
            reader, writer = await here.client()
            lines = [f"say {number}" for number in range(3000)]
            writer.write("".join(f"{line}\r\n" for line in lines).encode())
            got: list[str] = []
            while len(got) < len(lines):
                here.sessions.tick()
                got += here.lines()
                await asyncio.sleep(0.001)
            assert got == lines
            assert b"None is lost" in await reader.readuntil(b"another.")

    run(main())


def test_lines_that_come_at_once_wait_as_bytes_when_too_many_are_held() -> None:
    async def main() -> None:
        async with stand(max_lines=1) as here:
            _, writer = await here.client()
            await until(lambda: len(here.sessions) == 1)
            [session] = here.sessions
            writer.write(b"\r\n" * 8000)
            await until(lambda: session.is_paused)
            assert len(session.held) < 2 + PIECE_BYTES

    run(main())


@pytest.mark.parametrize("is_reset", [False, True], ids=["end", "reset"])
def test_lines_that_were_read_before_the_end_are_all_done_though_they_were_held_back(
    is_reset: bool,
) -> None:
    async def main() -> None:
        async with stand(held_lines=1) as here:
            _, writer = await here.client()
            await until(lambda: len(here.sessions) == 1)
            [session] = here.sessions
            lines = [f"say {number}" for number in range(600)]
            writer.write("".join(f"{line}\r\n" for line in lines).encode())
            await until(lambda: session.is_paused)
            if is_reset:
                connection = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            else:
                writer.close()
            said: list[Numbered] = []
            while not any(isinstance(each, Disconnected) for each in said):
                # A reset shows when something is sent; an end when all that came before is done.
                done = [] if is_reset else [(1, session.next_seq - 1)]
                shown = [Output([1], "text", ["Hi."], {})] if is_reset else []
                here.sessions.apply(Row(RowId(1, len(said) + 1), done, [], shown, []))
                await asyncio.sleep(0.001)
                said += here.sessions.take_outgoing()
            assert [each.text for each in said if isinstance(each, Input)] == lines
            assert isinstance(said[-1], Disconnected)

    run(main())


def test_line_that_is_too_long_is_refused_and_the_next_one_done() -> None:
    async def main() -> None:
        async with stand(max_chars=100) as here:
            reader, writer = await here.client()
            writer.write(b"x" * 101 + b"\r\nlook\r\n")
            await until(lambda: here.lines() == ["look"])
            assert b"101 characters; at most 100 are taken" in await reader.readuntil(b"done.")

    run(main())


def test_client_that_does_not_read_is_disconnected_and_others_do_not_notice() -> None:
    async def main() -> None:
        async with stand() as here:
            stuck, reading = await here.client(), await here.client()
            stuck[1].transport.pause_reading()
            await until(lambda: len(here.sessions) == 2)
            page = "x" * 60_000 + "\n"
            size = 0
            for number in range(1, 400):
                outputs = [Output([1, 2], "text", [page], {}), Output([2], "text", ["end\n"], {})]
                here.sessions.apply(Row(RowId(1, number), [], [], outputs, []))
                size += len(await reading[0].readuntil(b"end\r\n"))
                if not here.sessions.get(1).has_client:  # type: ignore[union-attr]
                    break
            assert MAX_UNSENT_BYTES < size
            assert [session.has_client for session in here.sessions] == [False, True]

    run(main())
