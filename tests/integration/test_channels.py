"""Channels reach everybody on every portal exactly once, whatever becomes of the server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integration.system import PASSWORD, System, kill, until
from players.telnet import Player

NAMES = ["Ada", "Bob", "Cyd"]
MESSAGES = 30

pytestmark = pytest.mark.timeout(150)


def test_message_is_heard_once_by_all_over_kills_and_is_in_the_history(folder: Path) -> None:
    with System(folder, portals=2, login_throttle_limit=0) as system:
        system.up()
        system.make_accounts(NAMES)
        asyncio.run(_play(system))


async def _play(system: System) -> None:
    players = [await Player.connect(name, system.port) for name in NAMES]
    try:
        for player in players:
            await player.log_in(PASSWORD)
        await _talk(system, players)
        for player in players:
            for speaker in NAMES:
                heard = [line for line in player.lines if line.startswith(f"[Public] {speaker}: ")]
                assert heard == [f"[Public] {speaker}: {n}" for n in range(MESSAGES)]
        late = await Player.connect("Ada", system.port)
        players.append(late)
        await late.log_in(PASSWORD)
        await late.asks("channel/history pub = 90", f"Cyd: {MESSAGES - 1}")
    finally:
        for player in players:
            await player.leave()


async def _talk(system: System, players: list[Player]) -> None:
    """Have all talk while the server is killed twice."""
    for number in range(MESSAGES):
        for player in players:
            player.type(f"pub {number}")
        if number in (MESSAGES // 3, 2 * MESSAGES // 3):
            await asyncio.to_thread(_kill_server_worker, system)
    await asyncio.to_thread(until, lambda: all(map(_has_heard_all, players)), "all have heard all")


def _has_heard_all(player: Player) -> bool:
    return {f"[Public] {speaker}: {MESSAGES - 1}" for speaker in NAMES} <= set(player.lines)


def _kill_server_worker(system: System) -> None:
    kill(worker := system.worker())
    system.until_replaced(worker)
