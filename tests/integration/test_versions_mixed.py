"""Portals and a server of different releases: one apart play together, two apart say so."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from integration.crowded import crowd_of, findings, look_around
from integration.system import System, kill, until
from players.crowd import Crowd
from players.lines import NOTICES
from players.telnet import Player

SHIFTED = Path(__file__).parent / "shifted"

PLAYERS = 6
KILLS = 3

pytestmark = pytest.mark.timeout(120)


def speaking(*versions: int) -> dict[str, str]:
    """The environment of a process that speaks these versions of the stream, and no others."""
    path = f"{SHIFTED}:{os.environ.get('PYTHONPATH', '')}".rstrip(":")
    return {"PYTHONPATH": path, "STREAM_VERSIONS": ",".join(map(str, versions))}


def _start(system: System, **versions: tuple[int, ...]) -> None:
    system.run("db", "upgrade")
    for kind in ("auth", "server", "portal"):
        env = speaking(*versions[kind]) if kind in versions else None
        system.start_supervisor(kind, env)
    system.until_up()


@pytest.mark.parametrize(
    ("kind", "versions", "told"),
    [
        ("server", (0, 1), "the server is of an earlier release"),
        ("portal", (0, 1), ""),
        ("server", (2, 3), ""),
        ("portal", (2, 3), "the server is of an earlier release"),
    ],
    ids=["older server", "older portals", "newer server", "newer portals"],
)
def test_portals_and_server_one_version_apart_lose_nothing_when_it_is_killed(
    folder: Path, kind: str, versions: tuple[int, ...], told: str
) -> None:
    with System(folder) as system:
        _start(system, **{kind: versions})
        crowd = crowd_of(system, PLAYERS, "Guest")
        places = asyncio.run(_play_through(system, crowd))
        findings(system, "Guest", places).assert_none()
        assert ("of an earlier release" in system.output()) == bool(told)
        assert told in system.output()


async def _play_through(system: System, crowd: Crowd) -> dict[str, str]:
    async with crowd:
        crowd.start()
        for _ in range(KILLS):
            await crowd.serves()
            kill((await asyncio.to_thread(system.until_up)).server["worker_pid"])
        await crowd.serves()
        await crowd.finish()
        await look_around(crowd)
        return system.places()


def test_portals_two_versions_apart_say_both_and_wait_for_a_server_of_theirs(folder: Path) -> None:
    async def play(system: System) -> None:
        player = await Player.connect("Ada", system.port)
        await asyncio.to_thread(until, lambda: _refusal(system), "the status says it")
        assert set(player.lines) <= {"", *NOTICES}
        kill((await asyncio.to_thread(system.status)).server["pid"])
        system.start_supervisor("server", speaking(3, 4))
        await player.sees_screen()
        assert not await asyncio.to_thread(_refusal, system)
        await player.leave()

    with System(folder) as system:
        _start(system, portal=(3, 4))
        asyncio.run(play(system))
        of_portals = "the peer speaks wire version 2, this process speaks 3 and 4"
        of_server = "the peer speaks wire version 4, this process speaks 1 and 2"
        logged = (system.home / "logs" / "portal.log").read_text()
        assert logged.count(of_portals) == system.portals
        assert (system.home / "logs" / "server.log").read_text().count(of_server) == 1


def _refusal(system: System) -> bool:
    return "is refused by the server: the peer speaks" in system.run("status").stdout
