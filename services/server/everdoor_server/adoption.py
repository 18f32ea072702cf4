"""Sessions that this generation did not begin: limbo, hello, burial; and the sessids of all.

A session of the roster is present from the start, in limbo, until its portal says hello and brings
its copy. What a portal no longer has is ended; so is all of a portal that is dead. What the
adopted then type is run by `everdoor_server.driving`.

Source: docs/protocol.md, sections 4.3 and 4.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sys import intern
from typing import Any

import structlog

from everdoor.errors import RestoreError
from everdoor.ids import SessionKey
from everdoor.messages.stream import Connected, Copy, Hello, Resume, Row
from everdoor.outputlog import OutputLog
from everdoor.state import AppSession, SnapshotFlag
from everdoor_server.collector import Collector
from everdoor_server.commit import RosterEntry, Stored
from everdoor_server.downlink import Downlink
from everdoor_server.gamecode import tolerated
from everdoor_server.gamerules import GameRules
from everdoor_server.lanes import Lane, Lanes
from everdoor_server.linkdead import LinkDead
from everdoor_server.missed import UNKNOWN, brought_up_to_date
from everdoor_server.restarts import Ending
from everdoor_server.session import ServerSession

INTERRUPTED = "The game was restarted; what you were doing was interrupted."

CONNECTION_LOST = "connection lost"

LIMBO_S = 3.0
"""How long a client that comes back waits for a portal that has not said hello: half as much again
as a portal needs to notice that the server has changed."""

NOT_RESTORED = "this session cannot be restored"

_log = structlog.get_logger(__name__)


class Adoption:
    """Brings sessions into a generation, and those of dead portals out of it.

    Attributes:
        last_sessid: The last one given out.
        limbo: Sessions of the roster whose portal has not said hello.

    Args:
        stored: What the database held when the generation began.
    """

    def __init__(
        self,
        app: AppSession,
        rules: GameRules,
        collector: Collector,
        lanes: Lanes,
        link_dead: LinkDead,
        stored: Stored,
    ) -> None:
        self._app = app
        self._rules = rules
        self._collector = collector
        self._lanes = lanes
        self._link_dead = link_dead
        self._generation = stored.generation
        self._all_had_left = stored.ended is Ending.STOP
        self.last_sessid = stored.last_sessid
        self.limbo: dict[SessionKey, RosterEntry] = {}
        self._interrupted: list[Lane] = []
        self._held_back: dict[SessionKey, float | None] = {}
        self._now = 0.0
        for entry in stored.roster:
            if entry.key.is_link_dead:
                missed = [one for one in stored.missed if one.sessid == entry.sessid]
                link_dead.restore(entry, missed, is_over=self._all_had_left)
            else:
                self._present_in_limbo(entry)

    def new_session(self, lane: Lane, message: Connected) -> ServerSession:
        """Make the session of a connection that has just begun."""
        sessions = self._rules.sessions
        session = self._rules.make_session(lane.key, sessions)
        self.last_sessid += 1
        session.sessid = self.last_sessid
        session.protocol_key = message.protocol_key
        session.address, session.port = message.address, message.port
        session.conn_time = session.cmd_last = session.cmd_last_visible = (
            sessions.now() - message.age_s
        )
        session.protocol_flags = {intern(name): one for name, one in message.flags.items()}
        lane.session = session
        sessions.add(session)
        session.touch()
        return session

    # Limbo and hello.

    def _present_in_limbo(self, entry: RosterEntry) -> None:
        """Until its portal has said hello a session is seen and shown things, and runs nothing."""
        try:
            session = self._rules.make_session(entry.key, self._rules.sessions)
        except Exception:
            # Its portal will be told so when it brings the copy.
            _log.exception("a session cannot be made", session=str(entry.key))
            self._collector.strike(entry)
            return
        session.sessid = entry.sessid
        session.uid, session.puid = entry.account, entry.puppet
        session.logged_in = entry.account is not None
        session.resume = entry.resume
        now = self._rules.sessions.now()
        session.conn_time = session.cmd_last = session.cmd_last_visible = now
        self._rules.sessions.add(session)
        self._collector.know_half(session, entry)
        self._collector.missed.restore(session, OutputLog(UNKNOWN))
        self.limbo[entry.key] = entry
        self._lanes.guarded(Lane(entry.key, session, 0), lambda: self._rules.at_adopt(session))

    def greeted(self, link: Downlink, hello: Hello, rows: list[Row]) -> list[Lane]:
        """Take what a portal says of its sessions.

        Args:
            rows: Those that it has not applied.

        Returns:
            Lanes whose command had asked for a line, in a former generation.
        """
        if not link.adopted:
            link.adopted = True
            self._adopt_all(link, hello.copies, rows)
        self._end_missing(link, hello.copies)
        self._recount(link, hello.copies)
        interrupted, self._interrupted = self._interrupted, []
        return interrupted

    # Clients that come back to a session in limbo.

    def holds_back(self, lane: Lane) -> bool:
        """Whether a client that comes back is to wait for the portal that knows its session, which
        is likely to say hello within moments, or to be found dead."""
        if not self.limbo or not self._is_in_limbo(_token_of(lane)):
            return False
        since = self._held_back.setdefault(lane.key, None)
        return since is None or self._now - since < LIMBO_S

    def _is_in_limbo(self, token_hash: bytes) -> bool:
        return bool(token_hash) and any(e.resume == token_hash for e in self.limbo.values())

    def tick(self, now: float) -> None:
        """Judge again who is held back.

        Args:
            now: Monotonic seconds.
        """
        self._now = now
        for key, since in list(self._held_back.items()):
            self._held_back[key] = now if since is None else since
            if (lane := self._lanes.get(key)) is None or not _token_of(lane):
                del self._held_back[key]
            elif not self.holds_back(lane):
                self._lanes.make_ready(lane)

    def _adopt_all(self, link: Downlink, copies: list[Copy], rows: list[Row]) -> None:
        """Take over the sessions of a portal: its copies plus the rows it has not applied."""
        closed = {conn for row in rows for conn, _ in row.closes}
        number = link.incarnation.number
        for copy in copies:
            state, cursor = _brought_up_to_date(copy, rows)
            if state is not None and copy.conn not in closed:
                key = SessionKey(link.portal, number, copy.conn)
                session = self._adopt(key, copy, state, cursor)
                # A hook may have ended it.
                if session is not None and self._rules.sessions.by_key(key) is session:
                    self._collector.missed.restore(session, _log_of(copy, rows))

    def _adopt(
        self, key: SessionKey, copy: Copy, state: dict[str, Any], cursor: int
    ) -> ServerSession | None:
        sessions = self._rules.sessions
        entry = self.limbo.pop(key, None)
        try:
            session = sessions.by_key(key) or self._rules.make_session(key, sessions)
            _check_sessid(state)
            before = self._collector.state_of(key)
            in_limbo: Mapping[str, object] = {}
            # A class may write a snapshot of its own, of what only its portal has.
            with tolerated("a session has no snapshot yet", session=str(key)):
                in_limbo = session.take_snapshot(self._app, SnapshotFlag.REBOOT)
            session.load_snapshot(self._app, state)
            self._collector.know(session, entry, state)
            if entry is not None:
                _add_collections(session, before, in_limbo)
        except Exception as exc:
            # A restored session runs the game's code: whatever that raises costs the session.
            _log.error("a session cannot be restored", session=str(key), exc_info=exc)
            if entry is not None:
                self.end(key, NOT_RESTORED)
            else:
                self._collector.refuse(key, NOT_RESTORED)
            return None
        now = sessions.now()
        session.conn_time = now - copy.conn_age_s
        session.cmd_last = now - copy.idle_s
        session.cmd_last_visible = now - copy.idle_visible_s
        self._keep_sessid_unique(session)
        sessions.add(session)
        lane = self._lanes.add(Lane(key, session, cursor))
        lane.calls = self._generation << 32  # numbers that no former server gave to a call
        session.touch()
        self._lanes.guarded(lane, lambda: self._rules.at_adopt(session))
        self._lanes.guarded(lane, lambda: self._rules.at_return(session))
        if session.unfinished or session.is_asked:
            session.unfinished = 0
            session.msg(INTERRUPTED)
        if session.is_asked:
            self._interrupted.append(lane)
        return session

    def _keep_sessid_unique(self, session: ServerSession) -> None:
        """Give a session another number when its own was given again, after a loss of the
        database's last moments, before its portal came back."""
        self.last_sessid = max(self.last_sessid, session.sessid)
        other = self._rules.sessions.get(session.sessid)
        if other is not None and other is not session and other.uid == session.uid:
            self._supersede(other)
        if self._rules.sessions.get(session.sessid) not in (None, session):
            self.last_sessid += 1
            session.sessid = self.last_sessid

    def _supersede(self, other: ServerSession) -> None:
        """Forget a session whose player has come back, which the database has forgotten."""
        if other.is_link_dead or other.key in self.limbo:
            self.limbo.pop(other.key, None)
            self._rules.sessions.forget(other, CONNECTION_LOST)

    def _end_missing(self, link: Downlink, copies: list[Copy]) -> None:
        """End the sessions that the portal no longer has, having let their clients go."""
        life = (link.portal, link.incarnation.number)
        held = {copy.conn for copy in copies}
        for session in self._rules.sessions:
            key = session.key
            if key[:2] == life and (key in self.limbo or key.conn not in held):
                self.end(key, CONNECTION_LOST)
        for lane in self._lanes.of_life(life):
            if lane.key.conn not in held:
                self._lanes.drop(lane)

    def _recount(self, link: Downlink, copies: Iterable[Copy]) -> None:
        """Take over the counts of completed lines; lines that the portal does not know to be
        complete follow its hello and are counted again."""
        for copy in copies:
            lane = self._lanes.get(SessionKey(link.portal, link.incarnation.number, copy.conn))
            if lane is not None and lane.session is not None:
                lane.session.cmd_total = copy.cmd_total
                lane.uncounted = range(copy.cursor + 1, lane.seq + 1)

    # Ends.

    def bury(self, link: Downlink) -> None:
        """Take all connections of a dead incarnation for lost."""
        life = (link.portal, link.incarnation.number)
        for session in self._rules.sessions:
            if session.key[:2] == life:
                self._lose(session)
        for lane in self._lanes.of_life(life):
            self._lanes.drop(lane)
        self._collector.discard(life)

    def _lose(self, session: ServerSession) -> None:
        """A session's portal is dead. When both ends of a session were stopped as planned, its
        player has left too."""
        is_over = self._all_had_left and session.key in self.limbo
        if is_over or not session.logged_in:
            self.end(session.key, CONNECTION_LOST)
            return
        self.limbo.pop(session.key, None)
        lane = self._lanes.get(session.key) or Lane(session.key, session, 0)
        self._lanes.guarded(lane, lambda: self._link_dead.lose(session, CONNECTION_LOST))
        self._lanes.drop(lane)

    def end(self, key: SessionKey, reason: str) -> None:
        """End a session, if it is here; a hook that raises disturbs nobody."""
        self.limbo.pop(key, None)
        session = self._rules.sessions.by_key(key)
        if session is None:
            return
        lane = self._lanes.get(key) or Lane(key, session, 0)
        self._lanes.guarded(lane, lambda: self._rules.sessions.end(session, reason))
        self._lanes.drop(lane)

    def drop_ended(self) -> None:
        """Abandon what sessions that others have ended were doing."""
        while ended := self._collector.take_ended():
            for key in ended:
                self.limbo.pop(key, None)
                if (lane := self._lanes.get(key)) is not None:
                    self._lanes.drop(lane)


def _token_of(lane: Lane) -> bytes:
    """The hash of the token with which a lane's next input comes back to a session; empty: it does
    not."""
    match lane.queue[0] if lane.queue else None:
        case Connected(resume=token_hash) | Resume(hash=token_hash):
            return token_hash
    return b""


def _log_of(copy: Copy, rows: list[Row]) -> OutputLog:
    """What a session's client has not confirmed, as of the last row."""
    token = (copy.state or {}).get("resume", b"")
    return brought_up_to_date(copy.conn, token, copy.shown, copy.kept, rows)


def _add_collections(
    session: ServerSession, before: Mapping[str, object], after: Mapping[str, object]
) -> None:
    """Put what was added to a session while it was in limbo into what its portal held of it."""
    for name, old in before.items():
        new, theirs = after.get(name), getattr(session, name, None)
        if isinstance(old, dict) and isinstance(new, dict) and isinstance(theirs, dict):
            added = {key: one for key, one in new.items() if key not in old or old[key] != one}
            setattr(session, name, theirs | added)
        elif isinstance(old, list) and isinstance(new, list) and isinstance(theirs, list):
            added_ones = [one for one in new if one not in old and one not in theirs]
            setattr(session, name, theirs + added_ones)


def _check_sessid(state: dict[str, Any]) -> None:
    sessid = state.get("sessid")
    if type(sessid) is not int or sessid < 1:
        raise RestoreError(f"expected a sessid from 1, got {sessid!r:.60}")


def _brought_up_to_date(copy: Copy, rows: list[Row]) -> tuple[dict[str, Any] | None, int]:
    """State and cursor of a session as of the last row."""
    state = dict(copy.state) if copy.state is not None else None
    cursor = copy.cursor
    for row in rows:
        for conn, change in row.changes:
            if conn == copy.conn:
                state = {**(state or {}), **change}
        for conn, seq in row.cursors:
            if conn == copy.conn:
                cursor = max(cursor, seq)
    return state, cursor
