"""Rules of the protocol, each taken out of a worker so that the checker can show its worth.

`take_out` runs in the worker, called by the hooks of the tests' game. The product has no switch for
any of this.

Source: docs/protocol.md, sections 4 and 8.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from everdoor.digest import digest_of_copies
from everdoor.messages.stream import Row

VARIABLE = "FAULTS_WEAKNESS"
"""Names what is taken out, in a worker's environment; empty: nothing."""


def take_out(name: str) -> None:
    """Have this process do without a safeguard."""
    WEAKNESSES[name]()


def _no_cursors() -> None:
    """Portals are never told that a line is complete."""
    from everdoor_server.collector import Collector

    Collector.complete = lambda self, key, seq: None  # type: ignore[method-assign]


def _no_outbox() -> None:
    """Rows are sent and not stored."""
    from everdoor_server.world.linkrows import LinkRows

    LinkRows._write_rows = lambda self, commit: None  # type: ignore[method-assign]


def _no_acknowledgements() -> None:
    """A row counts as applied once it was sent."""
    from everdoor_server.links import Links

    data_to_send = Links.data_to_send

    def forgetting(self: Any, now: float) -> Any:
        frames = list(data_to_send(self, now))
        for link in self:
            if link.is_open and link.rows:
                self._trimmed[link.portal] = link.rows[-1].id
                link.acknowledge(link.rows[-1].id)
        return frames

    Links.data_to_send = forgetting  # type: ignore[method-assign]


def _no_dedupe() -> None:
    """An input that was accepted before is accepted again."""
    from everdoor_server.lanes import Lanes

    accept = Lanes.accept

    def trusting(self: Any, link: Any, message: Any) -> None:
        for lane in self:
            if lane.key[:2] == (link.portal, link.incarnation.number):
                if lane.key.conn == message.conn:
                    lane.accepted = message.seq - 1
        accept(self, link, message)

    Lanes.accept = trusting  # type: ignore[method-assign]


def _no_fence() -> None:
    """Whoever serves the world writes, whoever else does."""
    from everdoor_server.world.linkrows import LinkRows

    LinkRows._fence = lambda self, mine: None  # type: ignore[method-assign]


def _losing_changes() -> None:
    """What a game keeps with a session never comes to its portal; the barrier mends it."""
    from everdoor_server.collector import Collector

    take_rows = Collector.take_rows

    def losing(self: Any, row_id: Any) -> Any:
        return [(portal, _without_notes(row)) for portal, row in take_rows(self, row_id)]

    Collector.take_rows = losing  # type: ignore[method-assign]


def _without_notes(row: Row) -> Row:
    changes = [one for one in row.changes if set(one[1]) != {"server_data"}]
    return structs.replace(row, changes=changes)


def _no_digest() -> None:
    """The same, and the barrier takes every portal's word for it."""
    from everdoor_server.barrier import Barrier

    _losing_changes()
    confirm = Barrier.confirm

    def believing(self: Any, call: Any) -> Any:
        mine = self._turn.copies_of(self._links.get(call.portal))
        told = structs.replace(call, count=len(mine), digest=digest_of_copies(mine))
        return confirm(self, told)

    Barrier.confirm = believing  # type: ignore[method-assign]


WEAKNESSES = {
    "cursor": _no_cursors,
    "outbox": _no_outbox,
    "acknowledgement": _no_acknowledgements,
    "dedupe": _no_dedupe,
    "fence": _no_fence,
    "lost changes": _losing_changes,
    "barrier digest": _no_digest,
}
