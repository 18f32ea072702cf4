"""Whole systems in memory, under schedules of every fault: nothing that is promised is broken.

What is promised is checked in `simulator.checks` and `simulator.history`. A failure prints a
script; `run(Script(...))` replays it. Many more: `python -m simulator`, from the tests' folder.
"""

from __future__ import annotations

import pytest

from simulator.coverage import MESSAGES
from simulator.crashes import CRASHES
from simulator.network import Crossings
from simulator.schedules import Failure, draw, run, run_with_loss, search

pytestmark = pytest.mark.timeout(300)

BLOCKS = [range(first, first + 500) for first in range(0, 3000, 500)]


@pytest.mark.parametrize("seeds", BLOCKS, ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
def test_system_keeps_its_promises_under_faults(seeds: range) -> None:
    failure: Failure | None = next(search(seeds), None)

    assert failure is None, str(failure)


def test_schedule_is_the_same_for_the_same_seed() -> None:
    assert draw(7) == draw(7)


def test_faults_cross_the_messages_that_they_endanger() -> None:
    crossings = Crossings()
    for seed in range(2000):
        run(draw(seed), crossings=crossings)

    for step in list(CRASHES)[:4]:
        for message in ("connected", "input", "disconnected", "ack"):
            assert crossings[step, message], f"no {message} was under way: {step}"
    for step in list(CRASHES)[3:6]:
        for part in ("cursors", "changes", "outputs", "closes"):
            assert crossings[step, f"row: {part}"], f"no row with {part} was at stake: {step}"
    for message in set(MESSAGES) - {"refused"}:
        assert any(crossings[step, message] for step, _ in crossings), f"no {message} was crossed"


def test_sessions_are_made_whole_after_the_database_has_lost_its_last_moments() -> None:
    for seed in range(500):
        script = draw(seed)

        assert run_with_loss(script) == "", f"seed {seed}\n{script}"
