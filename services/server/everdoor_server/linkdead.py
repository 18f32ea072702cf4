"""Sessions that have lost their connection and wait for their player to come back.

A session that is logged in does not end with a connection that was lost: it stays, with its puppet
in the world, bound to no connection, until its player logs in again or the grace is over. Across a
restart of the server it is kept in the roster, as no portal has a copy of it.

Source: docs/protocol.md, section 4.13.
"""

from __future__ import annotations

import structlog

from everdoor import codec
from everdoor.ids import SessionKey, link_dead_key
from everdoor.outputlog import OutputLog
from everdoor.state import AppSession
from everdoor_server.collector import Collector
from everdoor_server.commit import Missed, RosterEntry
from everdoor_server.gamerules import GameRules
from everdoor_server.lanes import Lane, Lanes
from everdoor_server.session import ServerSession

MISSING = "Some of what happened while you were away is lost."

NOT_RESUMED = "Your session is over."

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
        old, key = session.key, link_dead_key(session.sessid)
        self._collector.part(session, reason)
        sessions.rekey(session, key)
        session.unfinished = 0
        session.is_asked = False
        self._collector.parted(old, session)
        self._since[key] = None

    def resume(
        self, client: ServerSession, token_hash: bytes, seen: int, is_told: bool = False
    ) -> ServerSession | None:
        """Give a client that comes with a token the session that it belongs to, and what it lacks.

        Args:
            client: The session of the new connection, which ends in the other one.
            seen: Number of the last output that the client has.
            is_told: The client waits to be told how it went, before what it lacks.

        Returns:
            The session that is back; None when the token is nobody's: the client has been told.
        """
        session = next((s for s in self._rules.sessions if s.resume == token_hash), None)
        if session is None or session is client:
            _log.warning("a resume token was refused", session=str(client.key))
            client.msg(NOT_RESUMED)
            return None
        log = self._collector.log_of(session)
        self._rules.sessions.take_back(session, client, is_seamless=True)
        if is_told:
            session.data_out(char_login_result={"success": True})
        if log is None or log.dropped > seen:
            session.msg(MISSING)
        for _, output in log.beyond(seen) if log is not None else ():
            session.sessionhandler.send([session], output.name, output.args, output.options)
        return session

    def restore(self, entry: RosterEntry, missed: list[Missed], is_over: bool) -> None:
        """Make a session of the roster again that was link-dead when a generation ended.

        Args:
            missed: What is stored of what it misses, in order.
            is_over: Its grace is over.
        """
        sessions = self._rules.sessions
        try:
            session = self._rules.make_session(entry.key, sessions)
        except Exception:
            _log.exception("a session cannot be made", sessid=entry.sessid)
            self._collector.strike(entry)
            return
        try:
            session.load_snapshot(self._app, codec.decode_state(entry.state))
        except Exception as exc:
            _log.error("a link-dead session is not as it was", sessid=entry.sessid, error=str(exc))
        session.sessid = entry.sessid
        session.uid, session.puid = entry.account, entry.puppet
        session.logged_in = entry.account is not None
        now = sessions.now()
        session.conn_time = session.cmd_last = session.cmd_last_visible = now
        sessions.add(session)
        session.resume = entry.resume
        self._collector.know(session, entry)
        number = missed[-1].number if missed else session.missed_from
        outputs = [codec.decode_kept(one.body) for one in missed]
        self._collector.missed.restore(session, OutputLog(number, outputs))
        self._since[entry.key] = float("-inf") if is_over else None
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
