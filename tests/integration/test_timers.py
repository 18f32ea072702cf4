"""What happens at a time happens once, however often the server ends: an NPC on a timer, and
persistent delays, over reloads and kills."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
from functools import partial
from pathlib import Path

import pytest

from integration.system import PASSWORD, System, kill, until
from players.telnet import Player

ENDS = int(os.environ.get("ENDS", "10"))
"""Fifty by `make faults`."""
RELOAD_EVERY = 3
"""The others are kills."""

SOON_S = 0.8
"""Until the next end, at most: most come after a supervisor takes a worker as settled, or it would
pause before the next one."""

LATER_S = 1.2
"""How long delays are, at most: they are due before, while and after the server ends."""

BEAT_S = 0.2

LONG_S = 90.0
"""Longest wait for anything: a server that is killed often pauses before it starts again."""

CMDSETS = f"""\
import os

from everdoor_server import Character, Command, Script, default_cmds, delay


class Barker(Script):
    interval = {BEAT_S}

    def at_repeat(self):
        self.db.cries = (self.db.cries or 0) + 1
        self.obj.execute_cmd(f"say cry {{self.db.cries}}")


def ring(room, number):
    room.db.rung = [*(room.db.rung or []), number]
    room.msg_contents(f"Bell {{number}} rings.")


class CmdHire(Command):
    key = "hire"

    def func(self):
        room = self.caller.location
        npc = self.game.objects.create(Character, "Barker", location=room)
        npc.scripts.add(Barker)
        self.msg("You hire a barker.")


class CmdDismiss(Command):
    key = "dismiss"

    def func(self):
        barker = self.caller.search("Barker")
        [script] = barker.scripts.all()
        self.msg(f"Dismissed after {{script.db.cries}} cries.")
        barker.delete()


class CmdLater(Command):
    key = "later"

    def func(self):
        seconds, number = self.args.split()
        delay(float(seconds), ring, self.caller.location, int(number), persistent=True)
        self.msg(f"Set {{number}}.")


class CmdRung(Command):
    key = "rung"

    def func(self):
        self.msg(f"Rung: {{sorted(self.caller.location.db.rung)}}")


def die():
    os._exit(1)


class CmdPlot(Command):
    key = "plot"

    def func(self):
        delay(0.1, die, persistent=True)
        delay(0.1, ring, self.caller.location, 1, persistent=True)
        self.msg("You plot.")


class CharacterCmdSet(default_cmds.CharacterCmdSet):
    def at_cmdset_creation(self):
        super().at_cmdset_creation()
        self.add([CmdHire, CmdDismiss, CmdLater, CmdRung, CmdPlot])
"""


def game(folder: Path) -> Path:
    made = folder / "game"
    made.mkdir()
    (made / "cmdsets.py").write_text(CMDSETS)
    return made


@pytest.mark.timeout(600)
def test_npc_on_a_timer_and_persistent_delays_happen_once_over_reloads_and_kills(
    folder: Path,
) -> None:
    with System(folder, portals=1, game=game(folder)) as system:
        system.up()
        system.make_accounts(["Ada"], superuser=True)
        asyncio.run(_play(system, random.Random(1)))


@pytest.mark.timeout(240)
def test_delay_that_ends_the_server_is_set_aside_after_three_times_and_others_happen(
    folder: Path,
) -> None:
    with System(folder, portals=1, game=game(folder)) as system:
        system.up()
        system.make_accounts(["Ada"])
        begun = system.until_up().server["generation"]
        asyncio.run(_plot(system))
        assert system.until_up().server["generation"] == begun + 3
        assert "a script was set aside" in system.output()
        assert "game.cmdsets.die" in system.output()


async def _plot(system: System) -> None:
    ada = await Player.connect("Ada", system.port)
    try:
        await ada.log_in(PASSWORD)
        await ada.asks("plot", "You plot.")
        await ada.sees("Bell 1 rings.", LONG_S)
        for number in range(20):
            await ada.asks(f"think {number}", f'You think, "{number}"')
        await asyncio.to_thread(until, partial(_is_aside, system), "the other is set aside")
        assert await ada.asks("rung", "Rung: ") == "Rung: [1]"
    finally:
        await ada.leave()


def _is_aside(system: System) -> bool:
    return "a script was set aside" in system.output()


async def _play(system: System, chance: random.Random) -> None:
    ada = await Player.connect("Ada", system.port)
    try:
        await ada.log_in(PASSWORD)
        await ada.asks("hire", "You hire a barker.")
        for number in range(1, ENDS + 1):
            ada.type(f"later {chance.uniform(0, LATER_S):.3f} {number}")
            await _until_seen(ada, f"Set {number}.")
            await asyncio.sleep(chance.uniform(0, SOON_S))
            pid = await asyncio.to_thread(system.worker)
            if number % RELOAD_EVERY:
                kill(pid)
            else:
                ada.type("reload")
            await asyncio.to_thread(system.until_replaced, pid)
        for number in range(1, ENDS + 1):
            await _until_seen(ada, f"Bell {number} rings.")
        dismissed = await ada.asks("dismiss", "Dismissed after")
        rung = await ada.asks("rung", "Rung: ")
        await asyncio.to_thread(system.until_up)
    finally:
        await ada.leave()
    seen = _numbers(ada, r"Bell (\d+) rings\.")
    assert sorted(seen) == list(range(1, ENDS + 1))
    assert json.loads(rung.removeprefix("Rung: ")) == sorted(seen)
    cries = _numbers(ada, r'Barker says, "cry (\d+)"')
    assert cries == list(range(1, len(cries) + 1))
    assert dismissed == f"Dismissed after {len(cries)} cries."
    assert len(cries) > ENDS // 5


async def _until_seen(player: Player, line: str) -> None:
    if line not in player.lines:
        await player.sees(line, LONG_S)


def _numbers(player: Player, pattern: str) -> list[int]:
    found = (re.fullmatch(pattern, line) for line in player.lines)
    return [int(one[1]) for one in found if one]
