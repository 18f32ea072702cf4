"""Several portals behind one port: all serve, come and go under load, and are told apart."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest

from integration.crowded import crowd_of, findings, look_around
from integration.system import PASSWORD, System, until
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


def test_portal_that_is_drained_keeps_its_clients_and_takes_no_others(folder: Path) -> None:
    with System(folder, portals=2) as system:
        system.up()
        asyncio.run(_drain_one(system))


async def _drain_one(system: System) -> None:
    system.make_accounts(["Ada", "Bob"])
    ada = await Player.connect("Ada", system.port)
    await ada.log_in(PASSWORD)
    drained = await asyncio.to_thread(_portal_of, system, "Ada")
    told = await asyncio.to_thread(system.run, "portal", "drain", drained)
    assert "takes no more clients" in told.stdout
    assert system.status().portals[drained]["state"] == "draining"
    listed = json.loads(system.run("portal", "list", "--json").stdout)
    assert {one["id"]: one["state"] for one in listed}[drained] == "draining"
    guests = [await Player.connect("Guest", system.port) for _ in range(20)]
    for guest in guests:
        await guest.sees_screen()
    until(lambda: system.status().portals[drained]["sessions"] == 1, "it has Ada only")
    await ada.asks("think still here", 'You think, "still here"')
    left = asyncio.create_task(asyncio.to_thread(system.run, "portal", "drain", drained, "--wait"))
    await ada.leave()
    assert f"{drained} has left." in (await left).stdout
    # The other one goes on, and the process with it; nobody is started in its place.
    await guests[0].asks("help", "connect")
    [other] = [one["id"] for one in system.status().portals.values() if one["state"] != "down"]
    until(lambda: system.status().portals[other]["sessions"] == len(guests), "it has the guests")
    told = await asyncio.to_thread(system.run, "portal", "drain", drained, "--wait")
    assert f"{drained} has left." in told.stdout
    told = await asyncio.to_thread(system.run, "portal", "drain", "nobody", code=1)
    assert "those that do: " in told.stderr
    for guest in guests:
        await guest.leave()


def test_portal_that_is_drained_within_a_time_lets_who_is_left_come_again(folder: Path) -> None:
    with System(folder, portals=2, resume_grace_s=60) as system:
        system.up()
        asyncio.run(_drain_within(system))


async def _drain_within(system: System) -> None:
    system.make_accounts(["Ada"])
    ada = await Player.connect("Ada", system.port)
    await ada.log_in(PASSWORD)
    before = await asyncio.to_thread(_portal_of, system, "Ada")
    await asyncio.to_thread(system.run, "portal", "drain", before, "--within", "1s", "--wait")
    await ada.sees("This door is being closed. Please connect again.")
    await ada.leave()
    again = await Player.connect("Ada", system.port)
    await again.log_in(PASSWORD)
    assert await asyncio.to_thread(_portal_of, system, "Ada") != before
    await again.leave()


def _portal_of(system: System, account: str) -> str:
    listed = json.loads(system.run("session", "list", "--json", "--account", account).stdout)
    return str(listed[0]["portal"])


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
