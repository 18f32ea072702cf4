"""Sessions that have lost their connection and wait for their player to come back.

A session that is logged in does not end with a connection that was lost: it stays, with its puppet
in the world, bound to no connection, until its player logs in again or the grace is over. Across a
restart of the server it is kept in the roster, as no portal has a copy of it.

Source: docs/protocol.md, section 4.13.
"""

from __future__ import annotations

import structlog

from everdoor import codec
from everdoor.errors import MalformedMessage, RestoreError
from everdoor.ids import SessionKey, link_dead_key
from everdoor.state import AppSession
from everdoor_server.collector import Collector
from everdoor_server.commit import RosterEntry
from everdoor_server.gamerules import GameRules
from everdoor_server.lanes import Lane, Lanes
from everdoor_server.session import ServerSession

GRACE_OVER = "link-dead for too long"

_log = structlog.get_logger(__name__)


class LinkDead:
    """The link-dead sessions of one generation.

    Args:
        grace_s: How long a session is kept; 0: it ends with its connection.
    """

    def __init__(
        self,
        app: AppSession,
        rules: GameRules,
        collector: Collector,
        lanes: Lanes,
        grace_s: float,
    ) -> None:
        self._app = app
        self._rules = rules
        self._collector = collector
        self._lanes = lanes
        self._grace_s = grace_s
        self._since: dict[SessionKey, float | None] = {}

    def lose(self, session: ServerSession, reason: str) -> None:
        """Take a session's connection for lost: it is link-dead, or ends."""
        sessions = self._rules.sessions
        if not session.logged_in or not self._grace_s:
            sessions.end(session, reason)
            return
        key = link_dead_key(session.sessid)
        self._collector.close(session, reason)
        sessions.rekey(session, key)
        session.unfinished = 0
        session.is_asked = False
        session.touch()
        self._since[key] = None

    def restore(self, entry: RosterEntry) -> None:
        """Make a session of the roster again that was link-dead when a generation ended."""
        sessions = self._rules.sessions
        session = self._rules.make_session(entry.key, sessions)
        try:
            session.load_snapshot(self._app, codec.decode_state(entry.state))
        except (MalformedMessage, RestoreError, TypeError) as exc:
            _log.error("a link-dead session is not as it was", sessid=entry.sessid, error=str(exc))
        session.sessid = entry.sessid
        session.uid, session.puid = entry.account, entry.puppet
        session.logged_in = entry.account is not None
        now = sessions.now()
        session.conn_time = session.cmd_last = session.cmd_last_visible = now
        sessions.add(session)
        self._collector.know(session, entry)
        self._since[entry.key] = None
        self._lanes.guarded(Lane(entry.key, session, 0), lambda: self._rules.at_adopt(session))

    def overdue(self, now: float) -> list[SessionKey]:
        """Sessions whose grace is over; it begins when they are first asked for.

        Args:
            now: Monotonic seconds.
        """
        found = []
        for key, since in list(self._since.items()):
            if self._rules.sessions.by_key(key) is None:
                del self._since[key]
            elif since is None:
                self._since[key] = now
            elif now - since >= self._grace_s:
                found.append(key)
        return found

    def end(self, key: SessionKey) -> None:
        """End a session whose player has not come back."""
        session = self._rules.sessions.by_key(key)
        if session is not None:
            lane = Lane(key, session, 0)
            self._lanes.guarded(lane, lambda: self._rules.sessions.end(session, GRACE_OVER))
