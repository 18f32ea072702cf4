"""Several portals behind one port: all serve, come and go under load, and are told apart."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from integration.crowded import crowd_of, findings, look_around
from integration.system import System, until
from players.crowd import Crowd
from players.lines import Verb
from players.telnet import Player

PLAYERS = 100
PORTALS = 4
VERBS = (*[Verb.THINK] * 7, Verb.SAY)
EVERY_S = 1.0

pytestmark = pytest.mark.timeout(150)


def test_portals_come_and_go_under_load_and_players_on_all_hear_each_other(folder: Path) -> None:
    with System(folder, portals=PORTALS, login_throttle_limit=0) as system:
        system.up()
        crowd = crowd_of(system, PLAYERS, "Guest", VERBS, EVERY_S)
        places = asyncio.run(_play_through(system, crowd))
        findings(system, "Guest", places).assert_none()


async def _play_through(system: System, crowd: Crowd) -> dict[str, str]:
    async with crowd:
        crowd.start()
        status = await asyncio.to_thread(system.until_up)
        sessions = [portal["sessions"] for portal in status.portals.values()]
        print(f"sessions of each portal: {sessions}")
        assert sum(sessions) == PLAYERS
        assert 0 not in sessions
        await _add_and_stop_one(system)
        await crowd.serves()
        await crowd.finish()
        await look_around(crowd)
        return system.places()


async def _add_and_stop_one(system: System) -> None:
    """Start one more process of portals, see it take clients, and have it end in order."""
    process = system.start("portal", "run", env={"EVERDOOR_PORTAL_ID": "extra"})
    system.portals += 1
    await asyncio.to_thread(system.until_up)
    guests = []
    while not (there := await asyncio.to_thread(_sessions_of, system, "extra")):
        guests.append(await Player.connect("Guest", system.port))
        await guests[-1].sees_screen()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait) == 0
    system.portals -= 1
    left = "the others serve on"
    await asyncio.to_thread(until, lambda: system.status().is_up(system.portals), left)
    await asyncio.gather(*(guest.asks("help", "connect") for guest in guests if guest.is_open))
    assert sum(not guest.is_open for guest in guests) == there
    for guest in guests:
        await guest.leave()


def _sessions_of(system: System, process: str) -> int:
    return sum(
        portal["sessions"] or 0
        for portal in system.status().portals.values()
        if f".{process}." in portal["id"]
    )


def test_no_two_portals_have_one_id(folder: Path) -> None:
    with System(folder, portals=PORTALS) as system:
        system.up()
        status = system.status()
        assert len(status.portals) == PORTALS
        taken = {"EVERDOOR_PORTAL_ID": "portal.1"}
        [told] = system.run("portal", "run", code=3, env=taken).stderr.splitlines()
        pids = {portal["pid"] for portal in status.portals.values()}
        assert "portal.1" in told
        assert any(f"pid {pid}" in told for pid in pids)
        again = until(lambda: system.status(), "its status")
        assert {one: portal["incarnation"] for one, portal in again.portals.items()} == {
            one: portal["incarnation"] for one, portal in status.portals.items()
        }
