"""A system with a crowd in it: its accounts, its things, and what the checker says at the end."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path

from integration.system import PASSWORD, System
from players.checker import Findings, check
from players.crowd import Crowd, names
from players.records import read

ROOM = "The Front Step"
"""Where characters begin."""


def crowd_of(system: System, count: int, stem: str) -> Crowd:
    """A crowd with new accounts; everybody's own thing is the key that they begin with."""
    people = names(count, stem)
    system.make_accounts(people)
    return Crowd(
        system.port, {name: f"{name}'s key" for name in people}, PASSWORD, _records(system, stem)
    )


async def look_around(crowd: Crowd) -> None:
    """Check that everybody present is who and where they were, and sees all the others."""
    present = crowd.present()
    for player in present:
        await player.asks("look", ROOM)
        await player.asks("who", f"{len(present)} unique accounts logged in.")


def findings(
    system: System, stem: str, places: Mapping[str, str], expected_cut: Container[str] = ()
) -> Findings:
    """Check a crowd that has left.

    Args:
        places: `system.places()` while it was there: who leaves is taken out of the world.
        expected_cut: Whose connection the fault was meant to end.
    """
    return check(read(_records(system, stem)), expected_cut, places, ROOM)


def _records(system: System, stem: str) -> Path:
    folder = system.folder / f"records-{stem}"
    folder.mkdir(exist_ok=True)
    return folder
