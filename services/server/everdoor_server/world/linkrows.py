"""The link's half of the world database: lease, portals, outbox, roster, counter of sessids.

Written in every turn that says something, so statements are compiled once and run on the driver.
Source: docs/protocol.md, section 8.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Dialect, bindparam, delete, insert, literal_column, select, tuple_, update

from everdoor.errors import Fenced
from everdoor.ids import Incarnation, RowId, SessionKey
from everdoor_server.commit import Commit, KnownPortal, OutboxRow, RosterEntry, Stored
from everdoor_server.restarts import Ending
from everdoor_server.world.models import Counter, Lease, Outbox, Portal, Roster
from everdoor_server.world.sqlite import SqliteDriver
from everdoor_server.world.statements import compiled, query, table_of, writing

SESSID = "sessid"
"""Name of the counter that sessids come from."""


class LinkRows:
    """Reads and writes the link's rows.

    Args:
        driver: The connection; writing is done within its transaction.
    """

    def __init__(self, driver: SqliteDriver) -> None:
        self._driver = driver
        dialect = driver.dialect
        lease, outbox = table_of(Lease), table_of(Outbox)
        self._generation = compiled(select(lease.c.generation), dialect)
        self._ended = compiled(select(lease.c.ended), dialect)
        self._end = compiled(update(lease).values(ending=bindparam("by")), dialect)
        self._raise = compiled(
            update(lease).values(
                generation=lease.c.generation + literal_column("1"),
                holder=bindparam("by"),
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
        self._counted = query(Counter, dialect, table_of(Counter).c.name == bindparam("name")).sql

    def raise_generation(self, holder: str) -> int:
        """Take the lease, within a transaction; returns the new generation."""
        self._driver.run(self._raise, {"by": holder, "ending": Ending.CRASH})
        return self.generation()

    def generation(self) -> int:
        return int(self._driver.rows(self._generation, {})[0][0])

    def counter(self, name: str) -> int:
        """Highest number given out; 0 when none was."""
        found = self._driver.rows(self._counted, {"name": name})
        return int(found[0][1]) if found else 0

    def load(self) -> Stored:
        """Read everything that a generation starts from."""
        rows = self._driver.rows
        return Stored(
            generation=self.generation(),
            ended=Ending(rows(self._ended, {})[0][0]),
            last_sessid=self.counter(SESSID),
            portals=[_known_portal(*columns) for columns in rows(self._portals, {})],
            roster=[_roster_entry(*columns) for columns in rows(self._present, {})],
            rows=[_outbox_row(*columns) for columns in rows(self._rows, {})],
        )

    def write(self, commit: Commit) -> None:
        """Write the link's half of a commit, within a transaction.

        Raises:
            Fenced: The database holds another generation.
        """
        generation = self.generation()
        if generation != commit.generation:
            raise Fenced(
                f"generation {generation} has taken over this world; this server is generation "
                f"{commit.generation} and must leave"
            )
        self._write_rows(commit)
        if commit.ending is not None:
            self._driver.run(self._end, {"by": commit.ending})
        if commit.present or commit.absent or commit.portals or commit.last_sessid is not None:
            self._write_presence(commit)

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


def _trim(dialect: Dialect) -> str:
    outbox = table_of(Outbox)
    upto = tuple_(bindparam("generation"), bindparam("n"))
    row_id = tuple_(outbox.c.generation, outbox.c.n)
    where = (outbox.c.portal == bindparam("portal"), row_id <= upto)
    return compiled(delete(outbox).where(*where), dialect)


def _known_portal(id: str, number: int, nonce: str, host: str, buried: bool) -> KnownPortal:
    return KnownPortal(id, Incarnation(number, int(nonce, 16)), host, bool(buried))


def _portal_columns(portal: KnownPortal) -> dict[str, Any]:
    number, nonce = portal.incarnation
    # In hexadecimal: no database has whole numbers of 64 bits without a sign.
    known = {"id": portal.id, "number": number, "nonce": f"{nonce:016x}"}
    return {**known, "host": portal.host, "buried": portal.buried}


def _roster_entry(
    portal: str, incarnation: int, conn: int, sessid: int, account: int | None, puppet: int | None
) -> RosterEntry:
    return RosterEntry(SessionKey(portal, incarnation, conn), sessid, account, puppet)


def _roster_columns(entry: RosterEntry) -> dict[str, Any]:
    of_session = {"sessid": entry.sessid, "account_id": entry.account, "puppet_id": entry.puppet}
    return {**_key_columns(entry.key), **of_session}


def _key_columns(key: SessionKey) -> dict[str, Any]:
    return {"portal": key.portal, "incarnation": key.incarnation, "conn": key.conn}


def _outbox_row(portal: str, generation: int, n: int, body: bytes) -> OutboxRow:
    return OutboxRow(portal, RowId(generation, n), body)
