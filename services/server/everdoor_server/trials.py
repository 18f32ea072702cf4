"""Lines of which servers may have died: each is run alone, announced before, or not at all.

Portals count the deaths (`everdoor_portal.sessionhandler`). A line with two is a suspect and waits
for its trial: it is announced to its portal, nothing else runs until the portal has noted it, and
then it runs alone in a turn (`everdoor_server.turn`). Whoever was merely there when a server died
is cleared by that. A line with three deaths has failed its trial and is not run.

What follows a line with a death in its session is watched: a turn ends with each such line, so that
the next death is counted for the line that was run, and not for one before it.

Source: docs/protocol.md, section 4.12.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

from everdoor.ids import Life, SessionKey
from everdoor.stream import SILENCE_S
from everdoor_server.downlink import Downlink
from everdoor_server.lanes import Lane
from everdoor_server.links import Links

SUSPECT_DEATHS = 2
SKIPPED_DEATHS = 3


class Verdict(enum.Enum):
    """What is to be done with the next line of a lane."""

    RUN = "run"
    TRY = "try"
    SKIP = "skip"


class Trials:
    """The suspects of one generation, and the one that is tried.

    A trial is on from its announcement until its line is taken, or it is called off: its session
    has ended, or its portal cannot be heard.
    """

    def __init__(self, links: Links) -> None:
        self._links = links
        self._deaths: dict[SessionKey, tuple[int, int]] = {}
        self._suspects: dict[SessionKey, Lane] = {}
        self._watched: set[SessionKey] = set()
        self._tried: Lane | None = None
        self._link: Downlink | None = None
        self._is_noted = False
        self._now = 0.0

    # What portals say.

    def count(self, link: Downlink, lines: Iterable[tuple[int, int, int]]) -> None:
        """Take over what a portal has counted."""
        for conn, seq, deaths in lines:
            self._deaths[SessionKey(link.portal, link.incarnation.number, conn)] = (seq, deaths)

    def greeted(self, life: Life) -> None:
        """A portal has a new epoch: it has forgotten what it had noted."""
        if self._tried is not None and self._tried.key[:2] == life:
            self._call_off(self._tried)

    def forget(self, life: Life) -> None:
        """Drop what a portal has counted that will never say it again."""
        for key in [key for key in self._deaths if key[:2] == life]:
            del self._deaths[key]
        self._watched = {key for key in self._watched if key[:2] != life}

    def noted(self, link: Downlink, conn: int, seq: int) -> None:
        """A portal has noted a suspect; nothing happens when that is not on trial any more."""
        lane = self._tried
        if lane is not None and self._link is link and (lane.key.conn, _head(lane)) == (conn, seq):
            self._is_noted = True

    # What is to be done.

    def verdict(self, lane: Lane) -> Verdict:
        """Judge the next line of a lane by its deaths."""
        if not self._deaths or not lane.queue:
            return Verdict.RUN
        seq, deaths = self._deaths.get(lane.key, (0, 0))
        if seq != _head(lane):
            return Verdict.RUN
        self._watched.add(lane.key)
        if deaths < SUSPECT_DEATHS:
            return Verdict.RUN
        return Verdict.TRY if deaths < SKIPPED_DEATHS else Verdict.SKIP

    def ends_turn(self, lane: Lane | None) -> bool:
        """Whether what a lane has just done is to be committed before anything else is."""
        if lane is None or lane.key not in self._watched:
            return False
        if not lane.queue and lane.running is None:
            self._watched.discard(lane.key)
        return True

    def put_off(self, lane: Lane) -> None:
        """Have a suspect wait for its trial."""
        self._suspects[lane.key] = lane

    def begin(self) -> None:
        """Announce the next suspect whose portal can be heard, unless one is on trial."""
        if self.is_on:
            return
        for key, lane in list(self._suspects.items()):
            if not lane.queue or lane.running is not None and not lane.is_asking:
                # It has ended; or is busy, and is judged again when it is not.
                del self._suspects[key]
            elif (link := self._heard(key)) is not None:
                del self._suspects[key]
                self._tried, self._link, self._is_noted = lane, link, False
                link.suspect(key.conn, _head(lane))
                return

    def take(self) -> Lane | None:
        """The lane whose line is to be run now, alone; its trial is over with that."""
        if not self.is_on or not self._is_noted:
            return None
        lane, self._tried = self._tried, None
        return lane

    @property
    def is_on(self) -> bool:
        """Whether one is on trial: nothing else may run."""
        lane, link = self._tried, self._link
        if lane is None or link is None:
            return False
        if not lane.queue or not link.is_open:
            self._call_off(lane)
        return self._tried is not None

    @property
    def has_work(self) -> bool:
        """Whether a turn is needed: to run the one on trial, or to announce another."""
        if self.is_on:
            return self._is_noted
        return any(lane.queue and self._heard(key) for key, lane in self._suspects.items())

    def tick(self, now: float) -> None:
        """Call a trial off whose portal does not answer: nobody else is to wait for it."""
        self._now = now
        if self.is_on and self._link is not None and now - self._link.last_heard >= SILENCE_S:
            assert self._tried is not None, "one is on trial"
            self._call_off(self._tried)

    def call_off(self) -> None:
        """Let others run before the one on trial, if one is."""
        if self._tried is not None:
            self._call_off(self._tried)

    def _call_off(self, lane: Lane) -> None:
        self._tried = None
        if lane.queue:
            self.put_off(lane)

    def _heard(self, key: SessionKey) -> Downlink | None:
        link = self._links.get(key.portal)
        if link is None or not link.is_open or self._now - link.last_heard >= SILENCE_S:
            return None
        return link


def _head(lane: Lane) -> int:
    """The number of a lane's next input; 0 when it has none."""
    return lane.queue[0].seq if lane.queue else 0
