"""A system with a crowd in it: its accounts, its things, and what the checker says at the end."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from integration.system import PASSWORD, System
from players.checker import Findings, check
from players.crowd import LINE_EVERY_S, ROUND, Crowd, names
from players.lines import Verb
from players.records import Kind, Record, read

ROOM = "The Front Step"
"""Where characters begin."""


def crowd_of(
    system: System,
    count: int,
    stem: str,
    verbs: Sequence[Verb] = ROUND,
    every_s: float = LINE_EVERY_S,
) -> Crowd:
    """A crowd with new accounts; everybody's own thing is the key that they begin with."""
    people = names(count, stem)
    system.make_accounts(people)
    things = {name: f"{name}'s key" for name in people}
    records = records_of(system, stem)
    return Crowd(system.port, things, PASSWORD, records, verbs, every_s, system.host)


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
    return check(read(records_of(system, stem)), expected_cut, places, ROOM)


def longest_wait(system: System, stem: str) -> float:
    """Seconds that any player of a crowd waited at most for a line of any kind, having typed."""
    return max(_longest_wait(record) for record in read(records_of(system, stem)))


def _longest_wait(record: Record) -> float:
    longest, since = 0.0, None
    for entry in record.entries:
        if entry.kind is Kind.SENT and since is None:
            since = entry.at
        elif entry.kind is Kind.GOT and since is not None:
            longest, since = max(longest, entry.at - since), None
    return longest


def records_of(system: System, stem: str) -> Path:
    """The folder with the records of a crowd."""
    folder = system.folder / f"records-{stem}"
    folder.mkdir(exist_ok=True)
    return folder
