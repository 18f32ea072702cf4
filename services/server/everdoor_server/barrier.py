"""The barrier before a planned end: every portal confirms that it holds what the server holds.

The rows of the stream are the authority; the barrier checks them. A portal that lacks a row is
told which to wait for, one whose copies differ is sent them anew as a row. Portals that do not
answer in time are left to the outbox.

Source: docs/protocol.md, section 4.
"""

from __future__ import annotations

from everdoor.digest import digest_of_copies
from everdoor.messages.calls import ConfirmCopies, CopiesKept, CopiesLack
from everdoor_server.links import Links
from everdoor_server.turn import Turn

BARRIER_S = 1.0
"""How long portals are waited for: five hundred times what a healthy one on this host takes."""


class Barrier:
    """One barrier, from the last turn's commit to the last portal's word.

    Attributes:
        waiting: Portals that have not confirmed yet.
        resent: Portals whose copies differed and were sent anew.
    """

    def __init__(self, turn: Turn, links: Links) -> None:
        self._turn = turn
        self._links = links
        self.waiting = {link.portal for link in links if link.is_open}
        self.resent: list[str] = []

    def confirm(self, call: ConfirmCopies) -> CopiesKept | CopiesLack:
        """Compare a portal's copies with the server's own.

        After CopiesLack there may be a row to commit and to send (`Turn.has_work`).
        """
        link = self._links.get(call.portal)
        if link is None or link.incarnation != call.incarnation:
            return CopiesKept()
        last = link.last_row
        if call.last < last:
            return CopiesLack(last)
        mine = self._turn.copies_of(link)
        if call.count == len(mine) and call.digest == digest_of_copies(mine):
            self.waiting.discard(call.portal)
            return CopiesKept()
        # Once: a portal that is ending has let its clients go, and will differ each time.
        if call.portal not in self.resent:
            self.resent.append(call.portal)
            self._turn.send_copies_anew(link)
        return CopiesLack(last)
