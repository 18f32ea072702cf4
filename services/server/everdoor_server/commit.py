"""What one turn writes, as plain records; `everdoor_server.world` makes SQL of it.

The cores build a Commit and never see a database; one transaction writes all of it or nothing.
Source: docs/protocol.md, section 8.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from everdoor.ids import Incarnation, RowId, SessionKey
from everdoor_server.restarts import Ending


class OutboxRow(NamedTuple):
    """A row as sent and stored: to which portal, its id, its encoding (`messages.stream.Row`).

    `closes` repeats the connections that it closes, for the link; it is not stored apart.
    """

    portal: str
    id: RowId
    body: bytes
    closes: tuple[int, ...] = ()


class RosterEntry(NamedTuple):
    """A session that is present. `account` and `puppet` are ids, None before login and when OOC.

    `state` is the encoded replicated part of a session that is link-dead, which has a key of its
    own kind (`ids.link_dead_key`); it is empty for others, whose portals have it. `resume` is the
    hash of the token with which a client may come back to it; empty: there is none.
    """

    key: SessionKey
    sessid: int
    account: int | None
    puppet: int | None
    state: bytes = b""
    resume: bytes = b""


class Missed(NamedTuple):
    """An output that a link-dead session's client lacks: its number and its encoding
    (`messages.stream.KeptOutput`)."""

    sessid: int
    number: int
    body: bytes


class KnownPortal(NamedTuple):
    """The newest incarnation of a portal that the server has accepted, and its machine.

    `buried`: it has been given up, its sessions are ended; should it come back, it is refused.
    """

    id: str
    incarnation: Incarnation
    host: str
    buried: bool = False


class Change(NamedTuple):
    """One row of a world table as it is from now on; `values` None: it is gone.

    `key` and `values` are column values by column name; `values` holds every column but the key.
    """

    table: str
    key: dict[str, Any]
    values: dict[str, Any] | None


@dataclass(slots=True)
class Commit:
    """All that one turn writes.

    `generation` is the fence: nothing is written when the database holds a newer one. `trimmed`
    maps a portal to the last row it acknowledged (that row and those before it go). `forgotten`:
    portals whose rows all go, before those of this Commit are added. `caught_up`: up to which
    number what a session has missed goes, before `missed` is added. `ending`: how this generation
    ends, should nothing be written after it.
    """

    generation: int
    n: int
    rows: list[OutboxRow] = field(default_factory=list)
    trimmed: dict[str, RowId] = field(default_factory=dict)
    present: list[RosterEntry] = field(default_factory=list)
    absent: list[SessionKey] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)
    caught_up: dict[int, int] = field(default_factory=dict)
    portals: list[KnownPortal] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    last_sessid: int | None = None
    changes: list[Change] = field(default_factory=list)
    ending: Ending | None = None

    def is_empty(self) -> bool:
        """Whether there is nothing that must be written now; trimming alone can wait."""
        return not (
            self.rows
            or self.present
            or self.absent
            or self.missed
            or self.caught_up
            or self.portals
            or self.forgotten
            or self.last_sessid is not None
            or self.changes
            or self.ending is not None
        )


class HeldBy(NamedTuple):
    """The lease of a world: who serves it.

    `holder` and `home` name the process and its home, for people and to be told apart; `home` is
    empty when it was let go. `beat` moves while the holder lives, where others may come to the
    database. `ended` is how the generation before ended.
    """

    generation: int
    holder: str
    home: str
    beat: int
    ended: str


@dataclass(slots=True)
class Stored:
    """What a generation starts from: the link's half of the database, read after the fence.

    `ended` is how the generation before it ended; `world_id` tells this world from all others.
    """

    generation: int
    last_sessid: int
    portals: list[KnownPortal]
    roster: list[RosterEntry]
    rows: list[OutboxRow]
    ended: Ending = Ending.CRASH
    missed: list[Missed] = field(default_factory=list)
    world_id: str = ""
