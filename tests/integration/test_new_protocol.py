"""A protocol that another package brings: its players play with those of telnet."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from integration.system import PASSWORD, System
from players.telnet import PATIENCE_S, Player

EXAMPLE = Path(__file__).parents[2] / "examples" / "unix-socket"

ENTRY_POINTS = "[everdoor.protocols]\nunix = everdoor_unix_socket:UnixDoor\n"

pytestmark = pytest.mark.timeout(120)


def install(folder: Path) -> dict[str, str]:
    """Install the example as its wheel would be; return what commands run in."""
    package = folder / "site"
    info = package / "everdoor_unix_socket-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: everdoor-unix-socket\nVersion: 0.1\n"
    )
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    shutil.copy(EXAMPLE / "everdoor_unix_socket.py", package)
    return {"PYTHONPATH": str(package)}


class UnixPlayer:
    """Somebody on the other end of the Unix socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, path: Path) -> UnixPlayer:
        return cls(*await asyncio.open_unix_connection(str(path)))

    def type(self, line: str) -> None:
        self._writer.write(line.encode() + b"\n")

    async def sees(self, text: str) -> str:
        """Read up to a line that holds a text."""
        async with asyncio.timeout(PATIENCE_S):
            while text not in (line := (await self._reader.readuntil(b"\n")).decode()):
                pass
        return line

    async def told(self, name: str) -> list[Any]:
        """Read up to an output of a name that is no text."""
        line = await self.sees(f'\0["{name}"')
        found: list[Any] = json.loads(line[1:])
        return found[1:]

    async def leave(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def test_players_of_another_packages_protocol_play_with_those_of_telnet(folder: Path) -> None:
    env = install(folder)
    with System(folder, portals=2) as system:
        system.start("up", env=env)
        system.until_up()
        system.make_accounts(["Anna", "Bert"])
        assert "play.sock" in system.run("status", env=env).stdout
        asyncio.run(_play(system))
        asyncio.run(_play_on_when_one_is_drained(system))


async def _play_on_when_one_is_drained(system: System) -> None:
    """All portals have this socket, so that it stays when one of them goes."""
    gone = next(iter(system.status().portals))
    await asyncio.to_thread(system.run, "portal", "drain", gone, "--within", "1s", "--wait")
    anna = await UnixPlayer.connect(system.home / "play.sock")
    await anna.sees("connect <name> <password>")
    bert = await Player.connect("Bert", system.port)
    await bert.log_in(PASSWORD)
    await anna.leave()
    await bert.leave()


async def _play(system: System) -> None:
    anna = await UnixPlayer.connect(system.home / "play.sock")
    await anna.sees("connect <name> <password>")
    anna.type(f"connect Anna {PASSWORD}")
    assert (await anna.told("room_info"))[1]["name"]
    bert = await Player.connect("Bert", system.port)
    await bert.log_in(PASSWORD)
    anna.type("say hello from the socket")
    await bert.sees('Anna says, "hello from the socket"')
    anna.type('\0["get_value", [], {"name": "name"}]')
    assert await anna.told("get_value") == [[], {"name": "name", "value": "Anna"}]
    anna.type("\0[")
    await anna.sees("behind the NUL")
    anna.type("x" * 7000)
    await anna.sees("Your line has 7000 characters")
    await asyncio.to_thread(system.run, "server", "reload")
    anna.type("say still here")
    await bert.sees('Anna says, "still here"')
    anna.type("quit")
    await bert.sees("Anna has left the game")
    await anna.leave()
    await bert.leave()
