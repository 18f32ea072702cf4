"""A little of the fault table, at instants that are the same each time: nobody notices anything."""

from __future__ import annotations

import pytest

from faults.__main__ import ROWS
from faults.bench import SMALL, run_row

SEED = 1

NAMES = (
    "kill -9 server between sends to two portals",
    "kill -9 server while it replays",
    "the clock jumps by days",
    "half-open between portals and server, until noticed",
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_fault_is_not_noticed_by_those_whom_it_does_not_cut_off(name: str) -> None:
    (row,) = [row for row in ROWS if row.name == name]
    result = run_row(row, SMALL, SEED, wanted=1)
    if result.skipped:
        pytest.skip(result.skipped)
    assert result.is_sound, "\n".join(result.told())
