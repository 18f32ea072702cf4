"""Telnet over TLS on sockets: what is spoken, whom it is believed to be, how it ends."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest

from everdoor.addresses import parse_networks
from everdoor.bans import BanList
from everdoor.ids import Incarnation
from everdoor.messages.accounts import Ban
from everdoor.messages.stream import Connected, Disconnected, Input, Numbered
from everdoor_portal.gateways.certificates import Certificates, self_signed
from everdoor_portal.gateways.tlstelnet import TlsTelnetGateway
from everdoor_portal.limits import Entrance
from everdoor_portal.sessionhandler import PortalSessionHandler
from running import run, until

HOST, FAR = "127.0.0.1", "203.0.113.9"
PROXY = f"PROXY TCP4 {FAR} 192.0.2.1 40000 4003\r\n".encode()


class Stand(NamedTuple):
    """A gateway that listens, and what it works with."""

    gateway: TlsTelnetGateway
    sessions: PortalSessionHandler
    entrance: Entrance
    port: int
    said: list[Numbered]

    def of(self, kind: type[Numbered]) -> list[Numbered]:
        self.said.extend(self.sessions.take_outgoing())
        return [each for each in self.said if isinstance(each, kind)]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("tls")
    (folder / "certificate.pem").write_bytes(self_signed())
    return Certificates(folder / "certificate.pem", folder / "certificate.pem", folder)


@asynccontextmanager
async def stand(
    certificates: Certificates, max_at_door: int = 0, proxies: str = "", held_lines: int = 0
) -> AsyncIterator[Stand]:
    loop = asyncio.get_running_loop()
    sessions = PortalSessionHandler("p", Incarnation(1, 7), loop.time, held_lines, 0)
    entrance = Entrance(sessions.newcomers, lambda: 0.0)
    gateway = TlsTelnetGateway(
        loop, sessions, loop.time, 6000, entrance,
        certificates=certificates, max_at_door=max_at_door,
    )  # fmt: skip
    gateway.proxies = parse_networks(proxies)
    with socket.create_server((HOST, 0)) as listener:
        await gateway.listen(listener)
        try:
            yield Stand(gateway, sessions, entrance, listener.getsockname()[1], [])
        finally:
            gateway.close()
            sessions.disconnect_all("")


def trusting(**versions: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for name, version in versions.items():
        setattr(context, name, version)
    return context


async def says_at_once(here: Stand, data: bytes) -> None:
    """Have a client finish its handshake, say something and end, all in one segment."""
    reader, writer = await asyncio.open_connection(HOST, here.port)
    read, written = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting().wrap_bio(read, written)
    while tls.version() is None:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            writer.write(written.read())
            read.write(await reader.read(65536))
    tls.write(data)
    with pytest.raises(ssl.SSLWantReadError):
        tls.unwrap()
    writer.write(written.read())
    writer.write_eof()
    await reader.read()
    writer.close()
    await writer.wait_closed()


async def client(
    here: Stand, before: bytes = b"", context: ssl.SSLContext | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(HOST, here.port)
    writer.write(before)
    await writer.start_tls(context or trusting())
    return reader, writer


def test_client_over_tls_is_a_session_of_its_own_protocol(certificates: Certificates) -> None:
    async def main() -> None:
        async with stand(certificates) as here:
            _, writer = await client(here)
            writer.write(b"look\r\n")
            await until(lambda: here.of(Input))
            (connected,) = here.of(Connected)
            assert isinstance(connected, Connected)
            assert (connected.protocol_key, connected.address) == ("telnet/tls", HOST)
            assert here.gateway.info() == {"tls_port": here.port}
            writer.close()
            await writer.wait_closed()
            (left,) = await until_some(here, Disconnected)
            assert isinstance(left, Disconnected) and left.clean

    run(main())


async def until_some(here: Stand, kind: type[Numbered]) -> list[Numbered]:
    await until(lambda: here.of(kind))
    return here.of(kind)


def test_connection_that_is_reset_is_no_clean_end(certificates: Certificates) -> None:
    async def main() -> None:
        async with stand(certificates) as here:
            _, writer = await client(here)
            await until(lambda: here.of(Connected))
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            (left,) = await until_some(here, Disconnected)
            assert isinstance(left, Disconnected) and not left.clean

    run(main())


def test_header_of_a_proxy_comes_before_tls(certificates: Certificates) -> None:
    async def main() -> None:
        async with stand(certificates, proxies=HOST) as here:
            _, writer = await client(here, PROXY)
            (connected,) = await until_some(here, Connected)
            assert isinstance(connected, Connected)
            assert (connected.address, connected.port) == (FAR, 40000)
            writer.close()
            await writer.wait_closed()

    run(main())


def test_proxy_without_a_header_is_refused(certificates: Certificates) -> None:
    async def main() -> None:
        async with stand(certificates, proxies=HOST) as here:
            with pytest.raises((ssl.SSLError, OSError)):
                await client(here)
            assert here.of(Connected) == []

    run(main())


def test_banned_client_is_told_why(certificates: Certificates) -> None:
    async def main() -> None:
        async with stand(certificates) as here:
            here.entrance.bans = BanList([Ban(1, "address", HOST, None, "Spam.", "", 0, None)])
            reader, writer = await client(here)
            assert b"Spam." in await reader.read()
            writer.close()
            await writer.wait_closed()

    run(main())


def test_lines_that_were_read_before_the_end_are_all_done_though_they_were_held_back(
    certificates: Certificates,
) -> None:
    async def main() -> None:
        async with stand(certificates, held_lines=1) as here:
            lines = [f"say {number}" for number in range(600)]
            await says_at_once(here, "".join(f"{line}\r\n" for line in lines).encode())
            await until_some(here, Disconnected)
            assert [each.text for each in here.said if isinstance(each, Input)] == lines
            assert isinstance(here.said[-1], Disconnected)

    run(main())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_older_tls_is_not_spoken(certificates: Certificates) -> None:
    async def main() -> None:
        async with stand(certificates) as here:
            old = trusting(
                minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1
            )
            with pytest.raises((ssl.SSLError, OSError)):
                await client(here, context=old)
            _, writer = await client(here, context=trusting(maximum_version=ssl.TLSVersion.TLSv1_2))
            await until(lambda: here.of(Connected))
            writer.close()
            await writer.wait_closed()

    run(main())


def test_who_speaks_no_tls_is_let_go_and_disturbs_nobody(certificates: Certificates) -> None:
    async def main() -> None:
        async with stand(certificates, max_at_door=1) as here:
            reader, writer = await asyncio.open_connection(HOST, here.port)
            waiting, other = await asyncio.open_connection(HOST, here.port)
            assert await waiting.read() == b"", "one of an address may be at the door"
            writer.write(b"hello\r\n")
            await reader.read()
            _, third = await client(here)
            await until(lambda: here.of(Connected))
            for each in (writer, other, third):
                each.close()
            await third.wait_closed()

    run(main())
