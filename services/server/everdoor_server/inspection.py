"""The server's end of inspection: publishes what was committed, answers operators' calls.

What an event says is `everdoor_server.news`'; what operators change runs in a turn, like what
players type, and is answered when it is committed. Source: docs/protocol.md, sections 5 and 6.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import structlog

from everdoor.bus.curve import Far
from everdoor.bus.pubsub import Publisher
from everdoor.bus.rpc import RpcServer
from everdoor.bus.sockets import Bus
from everdoor.endpoints import Endpoints
from everdoor.errors import CallRefused, UserError
from everdoor.events import Mark
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import (
    Announce,
    Answer,
    Archive,
    Call,
    ConfirmCopies,
    CopiesKept,
    CopiesLack,
    KickSession,
    PortalInfo,
    PortalList,
    Portals,
    Request,
    RestoredSession,
    RestoreSessions,
    SaveSessions,
    SessionInfo,
    SessionList,
    Sessions,
    SessionShow,
    SessionsRestored,
    SessionState,
)
from everdoor.pages import Pages, cut
from everdoor.presence import Presence
from everdoor.slices import archive_of, mapped
from everdoor.state import AppSession, Primitive, SnapshotFlag
from everdoor.state.saving import Saving
from everdoor.stream import SILENCE_S
from everdoor_server.archiving import Archiving, States, not_saved
from everdoor_server.commit import Commit, Stored
from everdoor_server.links import Links
from everdoor_server.news import News, account_name, puppet_name
from everdoor_server.session import ServerSession
from everdoor_server.sessionhandler import ServerSessionHandler

ADOPTION_LOOK_S, ADOPTION_LOOKS = 0.02, 50
"""How long, 1 s, lists and archives wait for portals that have not said hello yet, as they do
within milliseconds."""

BringBack = Callable[[RestoreSessions], list[RestoredSession]]

_log = structlog.get_logger(__name__)


class TurnShell(Protocol):
    """What is needed of the shell around the turn (`everdoor_server.app`)."""

    def perform(self, action: Callable[[], None]) -> asyncio.Future[None]:
        """Run an action in the next turn; done when what it changed is committed."""

    async def confirm(self, call: ConfirmCopies) -> CopiesKept | CopiesLack:
        """A portal says what it holds."""


class Inspection:
    """What operators see of one generation, and what they can do to it.

    Args:
        app: Whose registered classes snapshots may hold; what archives are made of.
        stored: What the database held when the generation began.
        shell: Runs what operators change, and takes what portals confirm.
        session_class: Of the sessions.
        states: What portals hold of them.
        bring_back: Puts archived sessions back, in a turn.
    """

    def __init__(
        self,
        app: AppSession,
        sessions: ServerSessionHandler,
        links: Links,
        stored: Stored,
        shell: TurnShell,
        session_class: type[ServerSession],
        states: States,
        bring_back: BringBack,
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._links = links
        self._shell = shell
        self._bring_back = bring_back
        self._generation = stored.generation
        self._news = News(stored.roster, sessions.by_key)
        self._ended = stored.ended
        self._world_id = stored.world_id
        self._pages = Pages()
        self._archiving = Archiving(
            app, sessions, session_class, states, self._about_world, stored.generation
        )
        self._publisher: Publisher | None = None
        self._rpc: RpcServer | None = None

    def open(
        self, bus: Bus, system: Endpoints, rpc_fd: int, events_fd: int, far: Mapping[str, Far]
    ) -> None:
        """Take the listening sockets; `far`: those for other hosts, by channel."""
        life = f"server.{self._generation}"
        self._publisher = Publisher(bus, system.server_events, life, events_fd, far.get("events"))
        self._rpc = RpcServer(bus, system.server_rpc, self._answer, rpc_fd, far.get("rpc"))

    async def close(self) -> None:
        """Let go of the sockets. Idempotent."""
        if self._publisher is not None:
            self._publisher.close()
            self._publisher = None
        if self._rpc is not None:
            await self._rpc.close()
            self._rpc = None

    # Events.

    def committed(self, commit: Commit) -> None:
        """Publish what a commit has changed; to be called in the same breath as it is done."""
        for topic, data in self._news.take(commit):
            self.publish(topic, **data)

    def publish(self, topic: str, **data: Any) -> None:
        """Publish an event, such as `server.restarting`; a hint, for whoever listens."""
        if self._publisher is not None:
            self._publisher.publish(topic, **data)

    # Calls.

    async def _answer(self, request: Request) -> Answer:
        match request.role, request.call:
            case "portal", ConfirmCopies() as call:
                return await self._shell.confirm(call)
            case "cli", call:
                return await self._answer_operator(call)
            case _:
                raise CallRefused("forbidden", f"The role {request.role!r} may not ask that.")

    async def _answer_operator(self, asked: Call) -> Answer:
        match asked:
            case SessionList() as call:
                return await self._list(call)
            case SessionShow(sessid=sessid):
                return self._show(self._find(sessid))
            case PortalList():
                return self._portals()
            case KickSession(sessid=sessid, reason=reason):
                await self._shell.perform(lambda: self._kick(sessid, reason))
                _log.info("session kicked", sessid=sessid, reason=reason, asked_by="cli")
                return Done()
            case SaveSessions() as call:
                return await self._save(call)
            case RestoreSessions() as call:
                return await self._restore(call)
            case Announce(text=text):
                await self._shell.perform(lambda: self._sessions.announce_all(text))
                self.publish("announce", text=text)
                _log.info("announced", text=text, asked_by="cli")
                return Done()
            case _:
                raise CallRefused("unknown_call", "The server does not answer this.")

    async def _list(self, call: SessionList) -> Sessions:
        if call.skip:
            return self._pages.go_on(call)
        await self._until_adopted()
        mark = self._publisher.mark if self._publisher else Mark("", 0)
        here = [(self._news[key], self._sessions.by_key(key)) for key in self._news.keys()]
        return self._pages.begin(await mapped(self._info, here), mark)

    async def _until_adopted(self) -> None:
        """Give portals that are about to say hello the time for it."""
        for _ in range(ADOPTION_LOOKS):
            if not self._lacks_portals():
                return
            await asyncio.sleep(ADOPTION_LOOK_S)

    def _lacks_portals(self) -> bool:
        """Whether sessions are known of which only their portal can say what they are."""
        unknown = {link.portal for link in self._links if not link.adopted}
        return bool(unknown) and any(key.portal in unknown for key in self._news.keys())

    def _info(self, found: tuple[Presence, ServerSession | None]) -> SessionInfo:
        """A session as of a commit, with the clocks of now."""
        known, session = found
        now = self._sessions.now()
        return SessionInfo(
            sessid=known.sessid,
            portal=known.portal,
            protocol=cut(session.protocol_key if session else known.protocol),
            address=cut(session.address if session else known.address),
            logged_in=known.account_id is not None,
            account=known.account and cut(_account_now(known, session)),
            puppet=known.puppet and cut(_puppet_now(known, session)),
            conn_time=session.conn_time if session else now,
            idle_s=max(0.0, now - session.cmd_last_visible) if session else 0.0,
            cmd_total=session.cmd_total if session else 0,
            account_id=known.account_id,
            puppet_id=known.puppet_id,
        )

    def _find(self, sessid: int) -> ServerSession:
        session = self._sessions.get(sessid)
        if session is None:
            raise CallRefused("no_session", f"there is no session {sessid}")
        return session

    def _show(self, session: ServerSession) -> SessionState:
        state = session.take_snapshot(self._app, SnapshotFlag.INSPECT)
        return SessionState(session.sessid, {name: _shown(value) for name, value in state.items()})

    async def _save(self, call: SaveSessions) -> Archive:
        if call.skip:
            return self._archiving.go_on(call)
        await self._until_adopted()
        taken: list[Saving] = []
        # In a turn, so that what it holds is committed when it is answered.
        await self._shell.perform(lambda: taken.append(self._archiving.take(call.metadata)))
        try:
            content = await archive_of(taken[0])
        except UserError as exc:
            raise not_saved(exc) from exc
        _log.info("sessions archived", asked_by="cli")
        return self._archiving.begin(content)

    async def _restore(self, call: RestoreSessions) -> SessionsRestored:
        found: list[RestoredSession] = []
        await self._shell.perform(lambda: found.extend(self._bring_back(call)))
        restored = sum(each.state == "restored" for each in found)
        _log.info("sessions restored", count=restored, dry_run=call.dry_run, asked_by="cli")
        return SessionsRestored(found)

    def _about_world(self) -> dict[str, Primitive]:
        portals: list[Primitive] = [[link.portal, link.incarnation.number] for link in self._links]
        return {
            "world_id": self._world_id,
            "restart_mode": str(self._ended),
            "portals": portals,
            "session_count": len(self._sessions),
        }

    def _kick(self, sessid: int, reason: str) -> None:
        self._sessions.disconnect(self._find(sessid), reason)

    def _portals(self) -> Portals:
        found = []
        now = asyncio.get_running_loop().time()
        for link in sorted(self._links, key=lambda link: link.portal):
            here = [s for s in self._sessions if s.key.portal == link.portal]
            state = "up" if link.is_open and now - link.last_heard < SILENCE_S else "away"
            logged_in = sum(session.logged_in for session in here)
            number = link.incarnation.number
            found.append(PortalInfo(link.portal, number, link.host, state, len(here), logged_in))
        return Portals(found)


def _account_now(known: Presence, session: ServerSession | None) -> str:
    """The account's name, which may have changed since; memory may be ahead of the commit."""
    is_same = session is not None and session.uid == known.account_id
    return (account_name(session) if is_same else None) or str(known.account)


def _puppet_now(known: Presence, session: ServerSession | None) -> str:
    is_same = session is not None and session.puid == known.puppet_id
    return (puppet_name(session) if is_same else None) or str(known.puppet)


def _shown(value: object) -> Any:
    """A value of a snapshot as it can be sent: references by what they say of themselves."""
    match value:
        case dict():
            return {name: _shown(item) for name, item in value.items()}
        case list():
            return [_shown(item) for item in value]
        case None | bool() | int() | float() | str() | bytes():
            return value
        case _:
            return str(value)
