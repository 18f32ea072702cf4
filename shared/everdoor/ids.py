"""Names of things that cross processes: portals, their incarnations, sessions, rows.

Only the types and their order; who gives them out is said in docs/protocol.md, section 2.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Incarnation(NamedTuple):
    """One life of a portal worker.

    Fields: `number` rises with every life of the same portal id and is never below the clock in
    milliseconds at its start; `nonce` is 64 random bits, so that two lives with the same number
    (a home restored from a backup) are still told apart. The newer of two has the higher number.
    """

    number: int
    nonce: int

    def is_newer_than(self, other: Incarnation) -> bool:
        return self.number > other.number


Life: TypeAlias = tuple[str, int]
"""One incarnation of a portal: its id and the incarnation's number."""

NOWHERE: Life = ("", 0)
"""Where sessions are that have lost their connection: in no portal."""


class SessionKey(NamedTuple):
    """What processes call a session; never reused.

    Fields: `portal` id, `incarnation` (its number), `conn` (the connection, counted from 1 within
    the incarnation).
    """

    portal: str
    incarnation: int
    conn: int

    def __str__(self) -> str:
        return f"{self.portal}/{self.incarnation}/{self.conn}"

    @property
    def life(self) -> Life:
        """The portal's incarnation."""
        return (self.portal, self.incarnation)

    @property
    def is_link_dead(self) -> bool:
        """Whether it names a session without a connection (`link_dead_key`)."""
        return not self.portal


def link_dead_key(sessid: int) -> SessionKey:
    """The key of a session that has lost its connection: no portal has the empty id."""
    return SessionKey(*NOWHERE, sessid)


class RowId(NamedTuple):
    """Names one row of the outbox; rows of one portal are ordered by it.

    Fields: `generation` of the server that committed it, `n` (its turn, counted from 1 within the
    generation; turns that say nothing to a portal leave gaps).
    """

    generation: int
    n: int


NO_ROW = RowId(0, 0)
"""Stands before every row: what a portal holds that has not applied any."""
