"""What every row of the fault table is given: how much to do, and systems to do it to."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from faults.field import Game, Inject, play
from faults.results import Result

SPARE_ROUNDS = 3
"""Rounds in which every fault came when nothing was under way, before a row is given up."""


class Scale(NamedTuple):
    """How much is done: players of a crowd, the pause between a player's lines, and whether every
    row is done as often as it says, or only once or twice."""

    players: int
    every_s: float
    is_full: bool


FULL = Scale(players=50, every_s=0.5, is_full=True)
QUICK = Scale(players=50, every_s=0.5, is_full=False)
SMALL = Scale(players=12, every_s=0.2, is_full=False)


class Bench:
    """Runs rounds of one row."""

    def __init__(self, scale: Scale, seed: int, result: Result) -> None:
        self.scale = scale
        self.seed = seed
        self.result = result
        self._rounds = 0

    @contextmanager
    def game(self, weakness: str = "", **settings: object) -> Iterator[Game]:
        """A system whose supervisors each run by themselves, as those of a service manager do."""
        with tempfile.TemporaryDirectory(prefix="everdoor-") as path:
            with Game(Path(path), weakness, **settings) as game:
                game.start_supervisors()
                yield game

    def chance(self) -> random.Random:
        """Chance for the next round: the same for the same seed, row and round."""
        self._rounds += 1
        return random.Random(f"{self.seed} {self.result.name} {self._rounds}")

    def rounds(self, game: Game, inject: Callable[[int], Inject], each: int, **guests: Any) -> None:
        """Have crowds play until there were as many faults as wanted.

        Args:
            inject: Given how many faults to make, what makes them.
            each: Faults of one crowd at most.
            **guests: As for `play`.
        """
        spare = SPARE_ROUNDS
        while (missing := self.result.wanted - self.result.faults) > 0 and spare:
            count = min(each, missing)
            before = self.result.faults
            chance, (players, every_s, _) = self.chance(), self.scale
            play(game, self.result, inject(count), chance, players, every_s, **guests)
            spare -= self.result.faults == before


Run = Callable[[Bench], None]


class Row(NamedTuple):
    """One row of the table: how often when all is done, and when little is."""

    name: str
    full: int
    quick: int
    run: Run


def run_row(row: Row, scale: Scale, seed: int, wanted: int | None = None) -> Result:
    """Do all of a row; what goes wrong with doing it is a problem of the row."""
    count = wanted if wanted is not None else (row.full if scale.is_full else row.quick)
    result = Result(row.name, count)
    begun = time.monotonic()
    try:
        row.run(Bench(scale, seed, result))
    except Skipped as exc:
        result.skipped = str(exc)
    except (AssertionError, OSError, TimeoutError) as exc:
        result.problems.append(f"{type(exc).__name__}: {exc}"[:1000])
    result.took_s = time.monotonic() - begun
    return result


class Skipped(Exception):
    """This machine cannot do it; the text says why."""
