"""What happens at a time happens once, however often the server ends: an NPC on a timer, and
persistent delays, over reloads and kills."""

from __future__ import annotations

import asyncio
import json
import random
import re
from pathlib import Path

import pytest

from integration.system import PASSWORD, System, kill, until
from players.telnet import Player

ENDS = 50
RELOAD_EVERY = 2
"""The others are kills."""

SOON_S = 0.8
"""Until the next end, at most: most come after a supervisor takes a worker as settled, or it would
pause before the next one."""

LATER_S = 1.2
"""How long delays are, at most: they are due before, while and after the server ends."""

BEAT_S = 0.2

CMDSETS = f"""\
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


class CharacterCmdSet(default_cmds.CharacterCmdSet):
    def at_cmdset_creation(self):
        super().at_cmdset_creation()
        self.add([CmdHire, CmdDismiss, CmdLater, CmdRung])
"""


def game(folder: Path) -> Path:
    made = folder / "game"
    made.mkdir()
    (made / "cmdsets.py").write_text(CMDSETS)
    return made


@pytest.mark.timeout(240)
def test_npc_on_a_timer_and_persistent_delays_happen_once_over_reloads_and_kills(
    folder: Path,
) -> None:
    with System(folder, portals=1, game=game(folder)) as system:
        system.up()
        system.make_accounts(["Ada"], superuser=True)
        asyncio.run(_play(system, random.Random(1)))


async def _play(system: System, chance: random.Random) -> None:
    ada = await Player.connect("Ada", system.port)
    try:
        await ada.log_in(PASSWORD)
        await ada.asks("hire", "You hire a barker.")
        for number in range(1, ENDS + 1):
            await ada.asks(f"later {chance.uniform(0, LATER_S):.3f} {number}", f"Set {number}.")
            await asyncio.sleep(chance.uniform(0, SOON_S))
            pid = await asyncio.to_thread(_worker, system)
            if number % RELOAD_EVERY:
                kill(pid)
            else:
                ada.type("reload")
            await asyncio.to_thread(_until_replaced, system, pid)
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
        await player.sees(line)


def _numbers(player: Player, pattern: str) -> list[int]:
    found = (re.fullmatch(pattern, line) for line in player.lines)
    return [int(one[1]) for one in found if one]


def _until_replaced(system: System, pid: int) -> None:
    until(lambda: _worker(system) != pid, "another worker serves")


def _worker(system: System) -> int:
    def serving() -> int:
        server = system.status().server
        return int(server["worker_pid"]) if server["state"] == "up" else 0

    return until(serving, "the server serves")
