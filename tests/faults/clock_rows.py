"""What happens to the clock: it jumps by days, forwards and back.

The machine's own clock is left alone. The processes of the system under test are given another by
a library that is preloaded (`clock.c`) and adds what a file says.
"""

from __future__ import annotations

import asyncio
import shutil
import struct
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from faults.bench import Bench, Row, Skipped
from faults.field import Game, Round
from integration.system import PASSWORD

DAY_S = 86400.0
DAYS = 30.0
PAUSE_S = 0.5


def jumps(bench: Bench) -> None:
    """Have the wall clock of every process jump; somebody logs in each time."""
    with tempfile.TemporaryDirectory(prefix="everdoor-") as path:
        folder = Path(path)
        clock = folder / "clock"
        clock.write_bytes(struct.pack("d", 0.0))
        with Game(folder / "rest") as game:
            library = _compiled(folder)
            game.extra_environment = {"LD_PRELOAD": str(library), "FAULTS_CLOCK": str(clock)}
            game.start_supervisors()
            each = 10
            bench.rounds(
                game,
                lambda count: partial(_jump_often, clock, count),
                each,
                guests=each,
                at_door=True,
            )


async def _jump_often(clock: Path, count: int, round_: Round) -> None:
    for guest in round_.guests[:count]:
        days = round_.chance.uniform(-DAYS, DAYS)
        async with round_.restless():
            at = await round_.strike(partial(_set, clock, days * DAY_S))
            await guest.log_in_now(PASSWORD)
            await asyncio.sleep(PAUSE_S)
        round_.note(at)


def _set(clock: Path, seconds: float) -> None:
    with clock.open("r+b") as file:
        file.write(struct.pack("d", seconds))


def _compiled(folder: Path) -> Path:
    """The library.

    Raises:
        Skipped: There is no C compiler.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise Skipped("the clock is moved by a library in C, and there is no compiler (cc)")
    library = folder / "clock.so"
    source = Path(__file__).with_name("clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, source], check=True)
    return library


ROWS = (Row("the clock jumps by days", 20, 2, jumps),)
