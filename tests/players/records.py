"""What a player has typed and seen, line by line, in files that a checker reads later.

A record is one JSON document a line: `{"at": 12.5, "kind": "got", "text": "..."}`, `at` in seconds
of the machine's monotonic clock. Who writes them is `players.telnet`; what they must show is
`players.checker`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple


class Kind(StrEnum):
    """What happened.

    OPENED, CLOSED: the connection, the latter by the other side. LEFT: the player closed it.
    BEGAN: from here on, lines are checked; its text names the player's own thing. ENDED: up to
    here; the connection is still watched.
    """

    OPENED = "opened"
    BEGAN = "began"
    ENDED = "ended"
    SENT = "sent"
    GOT = "got"
    CLOSED = "closed"
    LEFT = "left"


class Entry(NamedTuple):
    """One thing that happened to a player."""

    at: float
    kind: Kind
    text: str = ""


class Record(NamedTuple):
    """All that happened to one player, in order."""

    player: str
    entries: list[Entry]


def write(folder: Path, record: Record) -> None:
    """Write a record to `<folder>/<player>.jsonl`."""
    lines = [json.dumps(entry._asdict(), ensure_ascii=False) for entry in record.entries]
    (folder / f"{record.player}.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")


def read(folder: Path) -> list[Record]:
    """Read all records of a folder, by player."""
    return [Record(path.stem, list(_entries(path))) for path in sorted(folder.glob("*.jsonl"))]


def _entries(path: Path) -> Iterable[Entry]:
    for line in path.read_text("utf-8").rstrip("\n").split("\n"):
        found = json.loads(line)
        yield Entry(found["at"], Kind(found["kind"]), found["text"])
