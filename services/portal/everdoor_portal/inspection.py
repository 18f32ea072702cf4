"""What operators see of a portal: its copies of the sessions, also while the server is away.

Copies hold what the server made, without its knowledge of what is secret: fields that are not
every session's are shown as `***`. Nothing is changed from here. Source: docs/protocol.md,
section 6.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog

from everdoor.archiving import ArchivePages, app_of_copies
from everdoor.bus.rpc import RpcServer
from everdoor.bus.sockets import Bus
from everdoor.errors import CallRefused
from everdoor.events import Mark
from everdoor.messages.calls import (
    Answer,
    Archive,
    PortalInfo,
    PortalList,
    Portals,
    Request,
    SaveSessions,
    SessionInfo,
    SessionList,
    SessionShow,
    SessionState,
    SessionTraffic,
    Traffic,
)
from everdoor.pages import Pages, cut
from everdoor.slices import archive_of
from everdoor.state import SECRET, Primitive
from everdoor_portal.session import PortalSession
from everdoor_portal.sessionhandler import PortalSessionHandler

_log = structlog.get_logger(__name__)

SHOWN = frozenset(
    (
        "version",
        "sessid",
        "protocol_key",
        "address",
        "port",
        "logged_in",
        "uid",
        "uname",
        "puid",
        "puname",
        "protocol_flags",
        "cmdset_paths",
        "unfinished",
        "prompt",
        "prompt_floor",
        "is_asked",
        "as_of",
        "missed_from",
    )
)
"""Fields of a session that hold nothing secret, whatever the game; `server_data` is the game's."""

OF_CONNECTION = frozenset(
    ("version", "resume", "key", "conn_time", "cmd_last", "cmd_last_visible", "cmd_total")
)
"""What is told besides of the portal's own knowledge."""


class Inspection:
    """Answers operators' calls to one portal, on a socket of its own.

    Args:
        endpoint: The portal's (`Endpoints.portal`).
        host: This machine's name.
        is_linked: Says whether the portal and the server hear each other.
    """

    def __init__(
        self,
        bus: Bus,
        endpoint: str,
        sessions: PortalSessionHandler,
        host: str,
        is_linked: Callable[[], bool],
    ) -> None:
        self._loop = bus.loop
        # Once: the same session is told the same time whenever one asks.
        self._epoch = time.time() - bus.loop.time()
        self._sessions = sessions
        self._host = host
        self._is_linked = is_linked
        self._pages = Pages()
        self._lists = 0
        self._archives = ArchivePages(sessions.incarnation.number << 20)
        self.wire = RpcServer(bus, endpoint, self._answer).wire

    async def _answer(self, request: Request) -> Answer:
        if request.role != "cli":
            raise CallRefused("forbidden", f"The role {request.role!r} may not ask that.")
        match request.call:
            case SessionList(skip=0):
                self._lists += 1
                mark = Mark(self._sessions.portal, self._lists)
                return self._pages.begin([self._info(s) for s in self._sessions], mark)
            case SessionList() as call:
                return self._pages.go_on(call)
            case SessionShow(sessid=sessid):
                return self._show(sessid)
            case SaveSessions() as call:
                return await self._save(call)
            case SessionTraffic() as call:
                return self._traffic(call)
            case PortalList():
                return Portals([self._portal()])
            case _:
                raise CallRefused("unknown_call", "A portal does not answer this.")

    def _info(self, session: PortalSession) -> SessionInfo:
        now = self._loop.time()
        return SessionInfo(
            sessid=session.sessid,
            portal=self._sessions.portal,
            protocol=cut(session.protocol_key),
            address=cut(session.address),
            logged_in=session.logged_in,
            account=_name(session.uname, session.uid),
            puppet=_name(session.puname, session.puid),
            conn_time=self._epoch + session.conn_time,
            idle_s=now - session.cmd_last_visible,
            cmd_total=session.cmd_total,
            account_id=session.uid,
            puppet_id=session.puid,
        )

    def _show(self, sessid: int) -> SessionState:
        found = self._find(sessid)
        state: dict[str, Any] = {
            name: value if name in SHOWN | OF_CONNECTION else SECRET
            for name, value in self._snapshot(found).items()
        }
        return SessionState(sessid, state | {"held_inputs": len(found.held)})

    def _snapshot(self, session: PortalSession) -> dict[str, Any]:
        """What the server would archive of a session, as far as its copy tells."""
        state = session.copy.state or {}
        return {
            **state,
            "resume": bool(state.get("resume")),
            "key": str(session.key),
            "conn_time": self._epoch + session.conn_time,
            "cmd_last": self._epoch + session.cmd_last,
            "cmd_last_visible": self._epoch + session.cmd_last_visible,
            "cmd_total": session.cmd_total,
        }

    async def _save(self, call: SaveSessions) -> Archive:
        if call.skip:
            return self._archives.go_on(call)
        copies = [self._snapshot(s) for s in self._sessions if s.copy.state is not None]
        secret = set[str]().union(*copies) - SHOWN - OF_CONNECTION
        world: dict[str, Primitive] = {
            "portals": [[self._sessions.portal, self._sessions.incarnation.number]],
            "session_count": len(copies),
        }
        app = app_of_copies(copies, secret, world, call.metadata)
        content = await archive_of(app.begin_saving())
        _log.info("sessions archived", asked_by="cli")
        return self._archives.begin(content)

    def _traffic(self, call: SessionTraffic) -> Traffic:
        found = self._find(call.sessid)
        tap, is_new = self._sessions.taps.open(found.key.conn)
        if is_new:
            _log.warning("a session is watched", session=str(found.key), watcher=call.watcher)
        after = 0 if is_new else call.after
        entries = [entry for entry in tap.entries if entry.number > after]
        return Traffic(entries, tap.last, tap.last - after - len(entries))

    def _find(self, sessid: int) -> PortalSession:
        found = next((s for s in self._sessions if sessid and s.sessid == sessid), None)
        if found is None:
            raise CallRefused("no_session", f"there is no session {sessid}")
        return found

    def _portal(self) -> PortalInfo:
        sessions = self._sessions
        return PortalInfo(
            sessions.portal,
            sessions.incarnation.number,
            self._host,
            "up" if self._is_linked() else "away",
            len(sessions),
            sessions.count_logged_in(),
        )


def _name(name: str | None, its_id: int | None) -> str | None:
    if its_id is None:
        return None
    return cut(name or f"#{its_id}")
