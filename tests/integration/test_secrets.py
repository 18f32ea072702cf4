"""Passwords are kept and shown nowhere, wherever they are typed, killed servers or not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integration.places import places
from integration.system import PASSWORD, System, kill
from players.telnet import Player

WRONG = "copper-wombat-one"
NEW = "copper-wombat-two"
NEWER = "copper-wombat-three"
SLIP = "copperwombatfour"
"""Typed where no password belongs: as a command, or in the place of a name."""


async def connected(system: System) -> Player:
    player = await Player.connect("a client", system.port)
    await player.sees_screen()
    return player


@pytest.mark.timeout(180)
def test_no_password_is_logged_stored_or_shown(folder: Path) -> None:
    async def main(system: System) -> None:
        stranger, anna, eve = [await connected(system) for _ in range(3)]
        await stranger.asks(f"connect Anna {WRONG}", "wrong")
        await eve.asks(f"create Eve {NEW}", "was created")
        await anna.asks(f"connect Anna {PASSWORD}", lambda line: line.startswith("Exits:"))
        await anna.asks(f"password {PASSWORD} = {NEW}", "Password changed.")
        anna.type("password")
        anna.type(NEW)
        anna.type(NEWER)
        await anna.asks(NEWER, "Password changed.")
        for line in (SLIP, f"conect Anna {SLIP}", f"connect {SLIP} Anna", f"create {SLIP} {SLIP}"):
            stranger.type(line)
        await stranger.asks("look", "connect <name> <password>")
        worker = (await asyncio.to_thread(system.status)).server["worker_pid"]
        stranger.type(f"connect Anna {WRONG}")
        eve.type(f"connect Eve {WRONG}")
        kill(worker)
        await anna.asks("think Done.", "Done.")
        found = await asyncio.to_thread(places, system, [1, 2], ["Anna"])
        for place, data in found.items():
            for secret in (PASSWORD, WRONG, NEW, NEWER, SLIP):
                assert secret.encode() not in data, (secret, place)
        for player in (stranger, anna, eve):
            await player.leave()

    with System(folder, log_level="debug", login_throttle_limit=0) as system:
        system.up()
        system.make_accounts(["Anna"])
        asyncio.run(main(system))
