"""The server's turn: from lines that wait to rows that are committed.

A turn takes what has arrived or is due, runs it, one command per session at a time and in the order
typed, and gathers all that it changed and said into one Commit. The shell writes the Commit in one
transaction, and only when that has happened are its rows sent. So whatever a player or the
database has seen can be seen again after a crash, and what none of them saw is done again.

Inputs wait in `lanes`, are run by `driving`, and sessions come from former generations by
`adoption`; what may have killed a server is run alone (`trials`). No socket, database or clock is
here.

Source: docs/protocol.md, sections 4 and 8.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from everdoor import codec
from everdoor.errors import StoreBusy
from everdoor.ids import RowId, SessionKey
from everdoor.state import AppSession
from everdoor.trace import follow
from everdoor_server.adoption import Adoption
from everdoor_server.collector import Collector
from everdoor_server.commit import Commit, KnownPortal, OutboxRow, Stored
from everdoor_server.downlink import Downlink
from everdoor_server.driving import Driver
from everdoor_server.errands import Errands
from everdoor_server.gamerules import GameRules
from everdoor_server.lanes import Lane, Lanes
from everdoor_server.linkdead import LinkDead
from everdoor_server.links import Arrived, Counted, Dead, Greeted, LinkEvent, Links, NotedBy
from everdoor_server.restarts import Ending
from everdoor_server.session import ServerSession
from everdoor_server.trials import Trials, Verdict
from everdoor_server.waits import Waiting

TURN_S = 0.02
"""A turn ends after so long when more lines wait: others' answers are not held back longer."""

TIMERS_S = 0.01
MAX_TIMERS = 50
"""Of that timers take so long at most, and are so many; then lines have their turn."""

_log = structlog.get_logger(__name__)


class Turn:
    """Runs the lines of all sessions of one generation.

    The shell feeds `receive` with what `Links` says, calls `run` when `has_work`, writes the
    Commit, calls `committed`, and sends what `Links` then gives out. `take_waits` says what
    commands wait for; `resume` brings the answer.

    Args:
        app: Whose registered classes snapshots may hold.
        rules: The game.
        collector: The sink that the game's session handler was given.
        links: The portals.
        stored: What the database held when the generation began.
        elapsed: Monotonic seconds, to end a long turn.
        resume_grace_s: How long a session whose connection is lost waits for its player; 0: it
            ends at once.
    """

    def __init__(
        self,
        app: AppSession,
        rules: GameRules,
        collector: Collector,
        links: Links,
        stored: Stored,
        elapsed: Callable[[], float],
        resume_grace_s: float = 0.0,
    ) -> None:
        self._rules = rules
        self._collector = collector
        self._links = links
        self._elapsed = elapsed
        self._generation = stored.generation
        self._n = 0
        self._stored_sessid = stored.last_sessid
        self._known = {known.id: known for known in stored.portals if not known.buried}
        self._new_portals: dict[str, KnownPortal] = {}
        self._forgotten: list[str] = []
        self._lanes = Lanes(rules)
        self._link_dead = LinkDead(app, rules, collector, self._lanes, resume_grace_s)
        self._adoption = Adoption(app, rules, collector, self._lanes, self._link_dead, stored)
        ids = itertools.count(1)
        self._errands = Errands(stored.generation, ids)
        self._driver = Driver(
            rules,
            collector,
            self._lanes,
            self._link_dead,
            self._errands,
            ids,
            self._adoption.new_session,
        )
        self._trials = Trials(links)
        self._actions: deque[Callable[[], None]] = deque()
        self._resumed: deque[tuple[int, Any, Exception | None]] = deque()
        self._confirmed: dict[SessionKey, int] = {}
        self._ending: Ending | None = None

    # What arrives.

    def receive(self, event: LinkEvent) -> None:
        """Take what a portal said; never between `run` and `committed`."""
        match event:
            case Arrived(link, message):
                self._lanes.accept(link, message)
            case Greeted(link, hello, rows):
                self._know(link, buried=False)
                self._trials.greeted((link.portal, link.incarnation.number))
                for lane in self._adoption.greeted(link, hello, rows):
                    self._driver.interrupt(lane)
            case Counted(link, lines):
                self._trials.count(link, lines)
            case NotedBy(link, conn, seq):
                self._trials.noted(link, conn, seq)
            case Dead(link):
                self._bury(link)

    def resume(self, wait_id: int, answer: Any = None, error: Exception | None = None) -> None:
        """Bring what a command waits for; ignored when its session has ended meanwhile."""
        if self._driver.is_waiting(wait_id):
            self._resumed.append((wait_id, answer, error))

    def do(self, action: Callable[[], None]) -> None:
        """Run something that no client typed in the next turn, before its lines: what it changes
        and says is committed with them."""
        self._actions.append(action)

    def has_work(self) -> bool:
        """Whether a line, an answer or an action waits to be run."""
        if self._trials.is_on:
            return self._trials.has_work
        waits = self._lanes.has_ready or self._resumed or self._actions or self._trials.has_work
        return bool(waits or self._rules.timers.wait_s() == 0.0)

    def timer_wait_s(self) -> float | None:
        """Seconds until a timer needs a turn; None: none is waited for."""
        return None if self._trials.is_on else self._rules.timers.wait_s()

    def tick(self, now: float) -> None:
        """Tell the time, a few times a second: monotonic seconds, as the links are told."""
        self._trials.tick(now)
        self._adoption.tick(now)
        for key in self._link_dead.overdue(now):
            self.do(partial(self._link_dead.end, key))
        for action in self._rules.due(now):
            self.do(action)

    # The turn.

    def run(self, lines: bool = True) -> Commit | None:
        """Run what waits, for TURN_S at most.

        Args:
            lines: False: only actions are run; players' lines, answers and timers are left waiting.

        Returns:
            What must be written before anything is sent, or None when there is nothing.
        """
        if not lines:
            self._trials.call_off()
        if self._trials.is_on:
            if (lane := self._trials.take()) is not None:
                self._driver.step_alone(lane)
            return self._take_commit()
        end = self._elapsed() + TURN_S
        while self._actions:
            self._act(self._actions.popleft())
        self._driver.run_set_off_outside()
        if lines and not self._run_timers():
            self._run_lines(end)
            self._trials.begin()
        return self._take_commit()

    def _run_timers(self) -> bool:
        """Run timers that are due; True: nothing else is to run in this turn."""
        timers = self._rules.timers
        if timers.wait_s() != 0.0:
            return False
        is_alone, end = timers.begin_turn(), self._elapsed() + TIMERS_S
        for _ in range(MAX_TIMERS):
            if not timers.run_next():
                break
            self._driver.run_set_off_outside()
            if self._elapsed() > end or self._collector.is_full:
                break
        return is_alone

    def _run_lines(self, end: float) -> None:
        while self._resumed:
            if self._trials.ends_turn(self._driver.go_on(*self._resumed.popleft())):
                return
        while self._lanes.has_ready:
            lane = self._lanes.next_ready()
            if self._step(lane) and self._trials.ends_turn(lane):
                return
            if self._elapsed() > end or self._collector.is_full:
                return

    def _step(self, lane: Lane) -> bool:
        """Do what is to be done with the next input of a lane; False when that is nothing yet."""
        if self._adoption.holds_back(lane):
            return False
        match self._trials.verdict(lane):
            case Verdict.RUN:
                self._driver.step(lane)
            case Verdict.TRY:
                self._trials.put_off(lane)
                return False
            case Verdict.SKIP:
                self._driver.skip(lane)
        return True

    def committed(self, commit: Commit) -> None:
        """The Commit is written: its rows may go, and auth may forget what it answered."""
        self._confirmed.update(self._lanes.take_answered())
        self._confirmed.update(self._errands.take_answered())
        for row in commit.rows:
            link = self._links.get(row.portal)
            if link is not None:
                link.keep(row)

    def take_waits(self) -> list[Waiting]:
        """What commands have begun to wait for since the last call, and still do."""
        return self._driver.take_waits()

    def log_lines(self) -> None:
        """Log each line when it is run and when it is done, without its text."""
        self._driver.logs_lines = True

    # What can be measured.

    @property
    def lines_run(self) -> int:
        """Lines of players that were run."""
        return self._driver.lines_run

    @property
    def lines_skipped(self) -> int:
        """Lines that were set aside."""
        return self._driver.lines_skipped

    def count_waiting(self) -> int:
        """Commands that wait for time or an answer."""
        return self._driver.count_waiting()

    def is_in_limbo(self, session: ServerSession) -> bool:
        """Whether the portal of a session has not been heard in this generation."""
        return session.key in self._adoption.limbo

    def take_answered(self) -> list[tuple[SessionKey, int]]:
        """Lines that are complete for good, each session's last: auth need not keep its answers
        to them any longer."""
        confirmed, self._confirmed = self._confirmed, {}
        return list(confirmed.items())

    def _take_commit(self) -> Commit | None:
        follow("")
        self._rules.at_turn_end()
        self._adoption.drop_ended()
        commit = Commit(self._generation, self._n + 1)
        for portal, row in self._collector.take_rows(RowId(commit.generation, commit.n)):
            closes = tuple(conn for conn, _ in row.closes)
            commit.rows.append(OutboxRow(portal, row.id, codec.encode(row), closes))
        commit.present, commit.absent = self._collector.take_roster()
        commit.missed, commit.caught_up = self._collector.missed.take()
        commit.portals, self._new_portals = list(self._new_portals.values()), {}
        commit.forgotten, self._forgotten = self._forgotten, []
        if self._adoption.last_sessid != self._stored_sessid:
            commit.last_sessid = self._stored_sessid = self._adoption.last_sessid
        commit.changes = self._rules.take_changes()
        commit.ending, self._ending = self._ending, None
        if commit.is_empty():
            return None
        commit.trimmed = self._links.take_trimmed()
        self._n = commit.n
        return commit

    def _act(self, action: Callable[[], None]) -> None:
        try:
            action()
        except StoreBusy as exc:
            # Nothing of this turn is written or shown: this server leaves.
            _log.error("an action could not read the world", error=str(exc))
        except Exception:
            _log.exception("an action has failed")

    # Ending.

    def end(self, ending: Ending) -> None:
        """Say how this generation ends, should the next commit be its last."""
        self._ending = ending

    def copies_of(self, link: Downlink) -> list[tuple[int, int, dict[str, object]]]:
        """What a portal holds once it has every row: (connection, cursor, state)."""
        return [
            (lane.key.conn, lane.cursor, self._collector.state_of(lane.key))
            for lane in self._whole_lanes(link)
        ]

    def send_copies_anew(self, link: Downlink) -> None:
        """Have the next row bring all that a portal is to hold."""
        for lane in self._whole_lanes(link):
            self._collector.forget_state_of(lane.whole_session())
            self._collector.complete(lane.key, lane.cursor)

    def _whole_lanes(self, link: Downlink) -> list[Lane]:
        lanes = self._lanes.of_life((link.portal, link.incarnation.number))
        return [lane for lane in lanes if lane.session is not None]

    # Portals.

    def _know(self, link: Downlink, buried: bool) -> None:
        """Have the database know what is known of a portal."""
        known = KnownPortal(link.portal, link.incarnation, link.host, buried)
        if self._known.get(link.portal) != known:
            self._known[link.portal] = self._new_portals[link.portal] = known

    def _bury(self, link: Downlink) -> None:
        """End all sessions of a dead incarnation, and forget its rows."""
        self._adoption.bury(link)
        self._trials.forget((link.portal, link.incarnation.number))
        self._forgotten.append(link.portal)
        self._know(link, buried=True)
        self._links.bury(link)
