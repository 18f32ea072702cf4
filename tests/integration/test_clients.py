"""People's own clients play: Debian's telnet, one that sends each key, and two encodings."""

from __future__ import annotations

import asyncio
import shutil
import socket
import zlib
from collections.abc import Awaitable, Callable

import pexpect
import pytest

from integration.system import HOST, PASSWORD, PATIENCE_S, System
from players.telnet import Player

pytestmark = pytest.mark.timeout(120)


@pytest.mark.skipif(shutil.which("telnet") is None, reason="needs Debian's telnet client")
def test_telnet_plays_from_login_to_quit(system: System) -> None:
    client = pexpect.spawn("telnet", [HOST, str(system.port)], timeout=PATIENCE_S, encoding="utf-8")
    client.expect("connect <name> <password>")
    client.sendline(f"connect Ada {PASSWORD}")
    client.expect("The Front Step")
    client.expect("Exits:")
    client.sendline("look bell")
    client.expect("It has no clapper")
    client.sendline("say Good evening")
    client.expect('You say, "Good evening"')
    client.sendline("xyz")
    client.expect("Command 'xyz' is not available.")
    client.sendline("loook")
    client.expect("Command 'loook' is not available. Maybe you meant \"look\"")
    client.sendline("quit")
    client.expect("Connection closed by foreign host")
    client.expect(pexpect.EOF)
    client.close()
    assert client.exitstatus in (0, 1)


def test_new_player_creates_an_account_and_plays(system: System) -> None:
    async def play(player: Player) -> None:
        await player.sees_screen()
        await player.asks(f"create Eva {PASSWORD}", "A new account 'Eva' was created")
        await player.asks(f"connect Eva {PASSWORD}", "The Front Step")
        await player.asks("inventory", "a brass key")
        await player.asks("who", "Eva")
        player.type("quit")
        await player.closed()
        assert not any(PASSWORD in line for line in player.lines)

    _run(system, "Eva", play)


def test_player_walks_and_finds_the_way_back(system: System) -> None:
    async def play(player: Player) -> None:
        await player.log_in(PASSWORD)
        await player.asks("in", "The Hall of Doors")
        await player.asks("kitchen", "The Kitchen")
        await player.asks("w", "The Hall of Doors")
        await player.asks("out", "The Front Step")

    _run(system, "Bob", play)


def test_client_that_sends_each_key_is_read_as_whole_lines(system: System) -> None:
    async def play(player: Player) -> None:
        await player.log_in(PASSWORD)
        for key in b"think one key at a time\r\n":
            player.send_bytes(bytes((key,)))
            await asyncio.sleep(0)
        await player.sees('You think, "one key at a time"')

    _run(system, "Cyd", play)


@pytest.mark.parametrize("erase", [b"\b", b"\x7f"], ids=["BS", "DEL"])
def test_backspace_erases_the_character_before_it(system: System, erase: bytes) -> None:
    async def play(player: Player) -> None:
        await player.log_in(PASSWORD)
        player.send_bytes(b"think plums" + 2 * erase + b"ms and pearz" + erase + b"s\r\n")
        await player.sees('You think, "plums and pears"')

    _run(system, "Cyd", play)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_words_beyond_ascii_are_heard_as_typed(system: System, encoding: str) -> None:
    async def play(speaker: Player) -> None:
        hearer = await Player.connect("Bob", system.port)
        try:
            await hearer.log_in(PASSWORD)
            await hearer.asks("look", "The Front Step")
            await speaker.log_in(PASSWORD)
            speaker.send_bytes("say Grüße aus dem Café\r\n".encode(encoding))
            await speaker.sees('You say, "Grüße aus dem Café"')
            await hearer.sees('Dot says, "Grüße aus dem Café"')
        finally:
            await hearer.leave()

    _run(system, "Dot", play)


def test_wide_characters_are_heard_as_typed(system: System) -> None:
    async def play(player: Player) -> None:
        await player.log_in(PASSWORD)
        await player.asks("think 門はいつも開いている 🚪", 'You think, "門はいつも開いている 🚪"')

    _run(system, "Dot", play)


def test_second_login_of_an_account_replaces_the_first(system: System) -> None:
    async def play(first: Player) -> None:
        await first.log_in(PASSWORD)
        second = await Player.connect("Cyd", system.port)
        try:
            await second.log_in(PASSWORD)
            await first.sees("Logged in from elsewhere.")
            await first.closed()
            await second.asks("think still here", 'You think, "still here"')
        finally:
            await second.leave()

    _run(system, "Cyd", play)


def test_client_that_lists_games_is_told_the_status(system: System) -> None:
    with socket.create_connection((HOST, system.port), timeout=PATIENCE_S) as client:
        client.sendall(b"\xff\xfd\x46")
        told = b""
        while b"\xff\xf0" not in told.partition(b"\xff\xfa\x46")[2]:
            told += client.recv(4096)
    assert b"\1NAME\2Everdoor\1PLAYERS\x02" in told
    assert b"\1PORT\x02%d\1" % system.port in told


def test_client_with_compression_reads_the_screen_and_all_that_follows(system: System) -> None:
    client = socket.create_connection((HOST, system.port), timeout=PATIENCE_S)
    with client:
        client.sendall(b"\xff\xfd\x56")
        told, mark = b"", b"\xff\xfa\x56\xff\xf0"
        while mark not in told:
            told += client.recv(4096)
        stream = zlib.decompressobj()
        shown = stream.decompress(told.split(mark, 1)[1])
        client.sendall(b"quit\r\n")
        while received := client.recv(4096):
            shown += stream.decompress(received)
    assert stream.eof and shown.rstrip()


def test_a_connection_that_says_nothing_disturbs_nobody(system: System) -> None:
    async def play(player: Player) -> None:
        with socket.create_connection((HOST, system.port)):
            await player.log_in(PASSWORD)
            await player.asks("think nobody else", 'You think, "nobody else"')

    _run(system, "Bob", play)


def _run(system: System, name: str, play: Callable[[Player], Awaitable[None]]) -> None:
    """Have somebody play, and leave whatever comes."""

    async def played() -> None:
        player = await Player.connect(name, system.port)
        try:
            await play(player)
        finally:
            await player.leave()

    asyncio.run(played())
