"""A killed supervisor takes its worker with it; started again, it finds everything sound."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integration.system import PASSWORD, System, is_alive, kill, until
from players.telnet import Player

pytestmark = pytest.mark.timeout(120)


def test_killed_supervisors_take_their_workers_along_and_start_again(folder: Path) -> None:
    with System(folder) as system:
        system.start_supervisors()
        system.make_accounts(["Ada"])
        asyncio.run(_play_through(system))


async def _play_through(system: System) -> None:
    ada = await Player.connect("Ada", system.port)
    await ada.log_in(PASSWORD)
    await ada.asks("drop Ada's key", "You drop a brass key.")
    for kind in ("auth", "server"):
        await asyncio.to_thread(_kill_supervisor, system, kind)
        ada.type(f"think while {kind} is away")
        system.start_supervisor(kind)
        await ada.sees(f'You think, "while {kind} is away"')
    await asyncio.to_thread(_kill_supervisor, system, "portal")
    await ada.closed()
    await ada.leave()
    system.start_supervisor("portal")
    await asyncio.to_thread(system.until_up)
    ada = await Player.connect("Ada", system.port)
    await ada.log_in(PASSWORD)
    await ada.asks("get Ada's key", "You pick up a brass key.")
    await ada.leave()


def _kill_supervisor(system: System, kind: str) -> None:
    """Kill it; no process of its kind must be left."""
    status = system.status()
    ones = list(status.portals.values()) if kind == "portal" else [getattr(status, kind)]
    kill(ones[0]["pid"])
    workers = [one["worker_pid"] for one in ones]
    until(lambda: not any(map(is_alive, workers)), f"the workers of {kind} have ended")
