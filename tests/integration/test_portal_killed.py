"""When a portal's worker is killed its players lose their connection, and nobody else anything.

The port never refuses meanwhile, and what the dead portal held is link-dead within 5 s: players who
log in again get it back.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integration.crowded import crowd_of, findings
from integration.system import HOST, PASSWORD, System, kill, until
from players.crowd import Crowd
from players.telnet import Player

PLAYERS = 16
KNOCK_EVERY_S = 0.02
GONE_S = 5.0
"""Within which the sessions of a dead portal have no connection any more."""


@pytest.mark.timeout(120)
def test_killed_portal_takes_only_its_own_players_with_it(folder: Path) -> None:
    with System(folder) as system:
        system.up()
        crowd = crowd_of(system, PLAYERS, "Guest")
        cut, places = asyncio.run(_play_through(system, crowd))
        findings(system, "Guest", places, expected_cut=cut).assert_none()


async def _play_through(system: System, crowd: Crowd) -> tuple[set[str], dict[str, str]]:
    """Kill one portal while all type; return who was cut off, and where everything is then."""
    async with crowd:
        crowd.start()
        await crowd.serves()
        knocks = asyncio.create_task(_knock(system.port))
        before = await asyncio.to_thread(system.until_up)
        victim = max(before.portals.values(), key=lambda portal: int(portal["sessions"]))
        kill(victim["worker_pid"])
        await asyncio.to_thread(_until_the_cut_are_gone, system, crowd)
        after = await asyncio.to_thread(system.until_up)
        assert after.portals[victim["id"]]["incarnation"] > victim["incarnation"]
        assert after.server["generation"] == before.server["generation"]
        knocks.cancel()
        assert await knocks > 0
        await crowd.serves()
        await crowd.finish()
        cut = {player.name for player in crowd.players if not player.is_open}
        assert 0 < len(cut) < PLAYERS
        assert _accounts_connected(system) == PLAYERS - len(cut)
        assert _accounts(system, link_dead=1) == len(cut)
        places = system.places()
        await asyncio.gather(*(_come_back(system.port, name) for name in cut))
        return cut, places


async def _knock(port: int) -> int:
    """Open one connection after the other until cancelled; return how many.

    Raises:
        ConnectionRefusedError: Nobody listens on the port.
    """
    count = 0
    try:
        while True:
            _, writer = await asyncio.open_connection(HOST, port)
            writer.close()
            count += 1
            await asyncio.sleep(KNOCK_EVERY_S)
    except asyncio.CancelledError:
        return count


async def _come_back(port: int, name: str) -> None:
    player = await Player.connect(name, port)
    try:
        await player.log_in(PASSWORD)
        assert any("You come back." in line for line in player.lines)
        await player.asks("think here again", 'You think, "here again"')
    finally:
        await player.leave()


def _until_the_cut_are_gone(system: System, crowd: Crowd) -> None:
    """Wait until the world counts as connected those, and only those, whose connection is open."""

    def gone() -> bool:
        return _accounts_connected(system) == len(crowd.present()) < PLAYERS

    until(gone, "all dead sessions are link-dead", GONE_S)


def _accounts_connected(system: System) -> int:
    return _accounts(system, link_dead=0)


def _accounts(system: System, link_dead: int) -> int:
    where = f"account_id IS NOT NULL AND link_dead = {link_dead}"
    rows = system.select(f"SELECT count(*) FROM world_roster WHERE {where}")
    return int(rows[0][0])
