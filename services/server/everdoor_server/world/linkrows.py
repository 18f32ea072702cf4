"""The link's half of the world database: lease, portals, outbox, roster, counter of sessids.

Written in every turn that says something, so statements are compiled once and run on the driver.
Source: docs/protocol.md, section 8.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Dialect, bindparam, delete, insert, literal_column, select, tuple_, update
from sqlalchemy.sql import ColumnElement

from everdoor.errors import Fenced
from everdoor.ids import Incarnation, RowId, SessionKey
from everdoor_server.commit import Commit, HeldBy, KnownPortal, OutboxRow, RosterEntry, Stored
from everdoor_server.commit import Missed as MissedOutput
from everdoor_server.restarts import Ending
from everdoor_server.world.driver import Driver
from everdoor_server.world.models import Counter, Lease, Missed, Outbox, Portal, Roster
from everdoor_server.world.statements import compiled, query, table_of, writing

SESSID = "sessid"
"""Name of the counter that sessids come from."""

WORLD = "world id"
"""Name of the number that tells this world from all others."""


class LinkRows:
    """Reads and writes the link's rows.

    Args:
        driver: The connection; writing is done within its transaction.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        dialect = driver.dialect
        lease, outbox = table_of(Lease), table_of(Outbox)
        one: ColumnElement[int] = literal_column("1")
        columns = [lease.c[name] for name in HeldBy._fields]
        self._held_by = compiled(select(*columns), dialect)
        held = select(lease.c.generation)
        # Where several may write at once, the row is held until the transaction has ended.
        self._hold = compiled(held.with_for_update(read=True), dialect)
        self._hold_alone = compiled(held.with_for_update(), dialect)
        self._end = compiled(update(lease).values(ending=bindparam("by")), dialect)
        self._renew = compiled(update(lease).values(beat=lease.c.beat + one), dialect)
        self._let_go = compiled(update(lease).values(home=bindparam("by")), dialect)
        self._raise = compiled(
            update(lease).values(
                generation=lease.c.generation + one,
                holder=bindparam("by"),
                home=bindparam("at"),
                ended=lease.c.ending,
                ending=bindparam("ending"),
            ),
            dialect,
        )
        self._add_row = compiled(insert(outbox), dialect)
        self._trim = _trim(dialect)
        self._forget = compiled(
            delete(outbox).where(outbox.c.portal == bindparam("portal")), dialect
        )
        self._portal = writing(Portal, dialect).upsert
        self._roster = writing(Roster, dialect)
        self._counter = writing(Counter, dialect).upsert
        self._portals = query(Portal, dialect).sql
        self._present = query(Roster, dialect).sql
        self._rows = query(Outbox, dialect).sql
        self._missed = query(Missed, dialect).sql
        self._add_missed = compiled(insert(table_of(Missed)), dialect)
        self._catch_up = _catch_up(dialect)
        self._counted = query(Counter, dialect, table_of(Counter).c.name == bindparam("name")).sql

    def held_by(self) -> HeldBy:
        """Who serves this world."""
        return HeldBy(*self._driver.rows(self._held_by, {})[0])

    def raise_generation(self, holder: str, home: str, over: HeldBy | None) -> None:
        """Take the lease, within a transaction.

        Raises:
            Fenced: It is not as it was in `over`.
        """
        self._driver.rows(self._hold_alone, {})
        lease = self.held_by()
        if over is not None and not _is_still(lease, over, home):
            raise Fenced(f"{lease.holder} serves this world, generation {lease.generation}")
        given = {"by": holder, "at": home, "ending": Ending.CRASH}
        self._driver.run(self._raise, given)

    def renew(self, generation: int) -> None:
        """Show that the holder of the lease is alive, within a transaction.

        Raises:
            Fenced: The database holds another generation.
        """
        self._fence(generation)
        self._driver.run(self._renew, {})

    def let_go(self, generation: int) -> None:
        """Leave the lease to whoever wants it, within a transaction.

        Raises:
            Fenced: The database holds another generation.
        """
        self._fence(generation)
        self._driver.run(self._let_go, {"by": ""})

    def counter(self, name: str) -> int:
        """Highest number given out; 0 when none was."""
        found = self._driver.rows(self._counted, {"name": name})
        return int(found[0][1]) if found else 0

    def name_world(self, number: int) -> None:
        """Give the world a number for ever, within a transaction, unless it has one."""
        if not self.counter(WORLD):
            self._driver.run(self._counter, {"name": WORLD, "value": number})

    def load(self) -> Stored:
        """Read everything that a generation starts from."""
        rows, lease = self._driver.rows, self.held_by()
        return Stored(
            generation=lease.generation,
            ended=Ending(lease.ended),
            last_sessid=self.counter(SESSID),
            portals=[_known_portal(*columns) for columns in rows(self._portals, {})],
            roster=[_roster_entry(*columns) for columns in rows(self._present, {})],
            rows=[_outbox_row(*columns) for columns in rows(self._rows, {})],
            missed=[_missed(*columns) for columns in rows(self._missed, {})],
            world_id=f"{self.counter(WORLD):016x}",
        )

    def write(self, commit: Commit) -> None:
        """Write the link's half of a commit, within a transaction.

        Raises:
            Fenced: The database holds another generation.
        """
        self._fence(commit.generation)
        self._write_rows(commit)
        if commit.ending is not None:
            self._driver.run(self._end, {"by": commit.ending})
        if commit.present or commit.absent or commit.portals or commit.last_sessid is not None:
            self._write_presence(commit)
        if commit.missed or commit.caught_up:
            self._write_missed(commit)

    def _fence(self, mine: int) -> None:
        generation = self._driver.rows(self._hold, {})[0][0]
        if generation != mine:
            raise Fenced(
                f"generation {generation} has taken over this world; this server is generation "
                f"{mine} and must leave"
            )

    def _write_rows(self, commit: Commit) -> None:
        run = self._driver.run
        for portal in commit.forgotten:
            run(self._forget, {"portal": portal})
        for portal, (generation, n) in commit.trimmed.items():
            run(self._trim, {"portal": portal, "generation": generation, "n": n})
        for portal, (generation, n), body, _ in commit.rows:
            run(self._add_row, {"portal": portal, "generation": generation, "n": n, "body": body})
            self._driver.count_bytes(len(body))

    def _write_presence(self, commit: Commit) -> None:
        run, many = self._driver.run, self._driver.run_many
        many(self._roster.upsert, map(_roster_columns, commit.present))
        many(self._roster.delete, map(_key_columns, commit.absent))
        many(self._portal, map(_portal_columns, commit.portals))
        if commit.last_sessid is not None:
            run(self._counter, {"name": SESSID, "value": commit.last_sessid})

    def _write_missed(self, commit: Commit) -> None:
        caught_up = commit.caught_up.items()
        many = self._driver.run_many
        many(self._catch_up, ({"of": sessid, "upto": number} for sessid, number in caught_up))
        many(self._add_missed, (missed._asdict() for missed in commit.missed))
        self._driver.count_bytes(sum(len(missed.body) for missed in commit.missed))


def _is_still(lease: HeldBy, seen: HeldBy, home: str) -> bool:
    """Whether the lease may be taken by a home that has seen it so."""
    is_silent = lease.home in ("", home) or lease.beat == seen.beat
    return lease.generation == seen.generation and is_silent


def _trim(dialect: Dialect) -> str:
    outbox = table_of(Outbox)
    upto = tuple_(bindparam("generation"), bindparam("n"))
    row_id = tuple_(outbox.c.generation, outbox.c.n)
    where = (outbox.c.portal == bindparam("portal"), row_id <= upto)
    return compiled(delete(outbox).where(*where), dialect)


def _catch_up(dialect: Dialect) -> str:
    missed = table_of(Missed)
    where = (missed.c.sessid == bindparam("of"), missed.c.number <= bindparam("upto"))
    return compiled(delete(missed).where(*where), dialect)


def _missed(sessid: int, number: int, body: bytes) -> MissedOutput:
    return MissedOutput(sessid, number, bytes(body))


def _known_portal(id: str, number: int, nonce: str, host: str, buried: bool) -> KnownPortal:
    return KnownPortal(id, Incarnation(number, int(nonce, 16)), host, bool(buried))


def _portal_columns(portal: KnownPortal) -> dict[str, Any]:
    number, nonce = portal.incarnation
    # In hexadecimal: no database has whole numbers of 64 bits without a sign.
    known = {"id": portal.id, "number": number, "nonce": f"{nonce:016x}"}
    return {**known, "host": portal.host, "buried": portal.buried}


def _roster_entry(
    portal: str,
    incarnation: int,
    conn: int,
    sessid: int,
    account: int | None,
    puppet: int | None,
    link_dead: bool,
    state: bytes | None,
    resume: bytes | None,
) -> RosterEntry:
    key = SessionKey(portal, incarnation, conn)
    return RosterEntry(key, sessid, account, puppet, bytes(state or b""), bytes(resume or b""))


def _roster_columns(entry: RosterEntry) -> dict[str, Any]:
    return {
        **_key_columns(entry.key),
        "sessid": entry.sessid,
        "account_id": entry.account,
        "puppet_id": entry.puppet,
        "link_dead": entry.key.is_link_dead,
        "state": entry.state,
        "resume": entry.resume,
    }


def _key_columns(key: SessionKey) -> dict[str, Any]:
    return {"portal": key.portal, "incarnation": key.incarnation, "conn": key.conn}


def _outbox_row(portal: str, generation: int, n: int, body: bytes) -> OutboxRow:
    return OutboxRow(portal, RowId(generation, n), body)
