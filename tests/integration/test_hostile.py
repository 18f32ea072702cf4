"""Hostile clients on a real portal: its memory is bounded, and others play on.

How much is sent here is enough to see a bound being passed; all of it is `make hostile`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hostile.attacks import ATTACKS
from hostile.field import CLIENT_BYTES, NAMES, Outcome, run, table
from integration.system import System

CLIENTS = 4
MOST = 1 << 20
SLACK = 6 << 20
"""Growth of a process that nobody caused: the heap is not given back to the last page."""


@pytest.mark.timeout(300)
def test_hostile_clients_cost_a_bounded_memory_and_others_play_on(folder: Path) -> None:
    with System(folder, portals=1, max_output_queue=CLIENT_BYTES) as system:
        system.up()
        system.make_accounts(["Anna"])
        outcomes = asyncio.run(run(system, NAMES, MOST, CLIENTS, quiet_s=0.1))
        print(table(outcomes))
        assert [trouble for one in outcomes for trouble in _troubles(one)] == []


def _troubles(one: Outcome) -> list[str]:
    found = []
    if one.grown > CLIENTS * CLIENT_BYTES + SLACK:
        found.append(f"{one.name}: the portal has grown by {one.grown} bytes")
    if ATTACKS[one.name].ends and one.closed < CLIENTS:
        found.append(f"{one.name}: {CLIENTS - one.closed} clients were not let go")
    return found
