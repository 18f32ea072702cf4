"""The world database in memory: one transaction at a time, whole or not at all."""

from __future__ import annotations

from typing import Any

from everdoor.errors import Fenced
from everdoor.ids import SessionKey
from everdoor_server.commit import Commit, KnownPortal, Missed, OutboxRow, RosterEntry, Stored
from everdoor_server.restarts import Ending
from everdoor_server.rows import MemoryRows


class Database:
    """What `everdoor_server.world` keeps, as far as the cores can tell.

    Attributes:
        acts: For each line its effects and who did them.
        rows: Scripts.
    """

    def __init__(self) -> None:
        self.generation = 0
        self.last_sessid = 0
        self.portals: dict[str, KnownPortal] = {}
        self.roster: dict[SessionKey, RosterEntry] = {}
        self.missed: list[Missed] = []
        self.ending = self.ended = Ending.STOP
        self.outbox: dict[str, list[OutboxRow]] = {}
        self.acts: dict[str, dict[str, Any]] = {}
        self.rows = MemoryRows()

    def raise_generation(self) -> int:
        self.generation += 1
        self.ended, self.ending = self.ending, Ending.CRASH
        return self.generation

    def load(self, generation: int) -> Stored:
        """What a generation starts from."""
        return Stored(
            generation,
            self.last_sessid,
            list(self.portals.values()),
            list(self.roster.values()),
            [row._replace(closes=()) for rows in self.outbox.values() for row in rows],
            self.ended,
            list(self.missed),
        )

    def check_fence(self, generation: int) -> None:
        """Refuse a writer that was replaced.

        Raises:
            Fenced: There is a newer generation.
        """
        if generation != self.generation:
            raise Fenced(f"generation {generation} writes, {self.generation} is here")

    def commit(self, commit: Commit) -> None:
        """Write all of it.

        Raises:
            Fenced: As for `check_fence`; nothing was written.
        """
        self.check_fence(commit.generation)
        self._write_outbox(commit)
        for entry in commit.present:
            self.roster[entry.key] = entry
        for key in commit.absent:
            self.roster.pop(key, None)
        for known in commit.portals:
            self.portals[known.id] = known
        upto = commit.caught_up
        self.missed = [one for one in self.missed if one.number > upto.get(one.sessid, 0)]
        self.missed += commit.missed
        self.ending = commit.ending or self.ending
        if commit.last_sessid is not None:
            self.last_sessid = commit.last_sessid
        self.rows.apply(change for change in commit.changes if change.table != "act")
        for change in commit.changes:
            if change.table == "act":
                assert change.values is not None, "what was done stays done"
                self.acts[change.key["token"]] = change.values

    def _write_outbox(self, commit: Commit) -> None:
        for portal in commit.forgotten:
            self.outbox.pop(portal, None)
        for portal, last in commit.trimmed.items():
            rows = self.outbox.get(portal, [])
            self.outbox[portal] = [row for row in rows if row.id > last]
        for row in commit.rows:
            self.outbox.setdefault(row.portal, []).append(row)
