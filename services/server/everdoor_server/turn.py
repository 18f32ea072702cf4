"""The server's turn: from lines that wait to rows that are committed.

A turn takes what has arrived, runs it, one command per session at a time and in the order typed,
and gathers all that it changed and said into one Commit. The shell writes the Commit in one
transaction, and only when that has happened are its rows sent. So whatever a player or the
database has seen can be seen again after a crash, and what none of them saw is done again.

No socket, database or clock is here; commands that wait are coroutines, driven step by step.

Source: docs/protocol.md, sections 4 and 8.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import structlog

from everdoor import codec
from everdoor.errors import RestoreError
from everdoor.ids import RowId, SessionKey
from everdoor.messages.calls import CallKey
from everdoor.messages.stream import (
    Connected,
    Copy,
    Disconnected,
    FlagsChanged,
    Hello,
    Input,
    Numbered,
    Row,
)
from everdoor.state import AppSession
from everdoor_server.collector import Collector
from everdoor_server.commit import Change, Commit, KnownPortal, OutboxRow, RosterEntry, Stored
from everdoor_server.downlink import Downlink
from everdoor_server.links import Arrived, Dead, Greeted, LinkEvent, Links
from everdoor_server.restarts import Ending
from everdoor_server.session import ServerSession, SessionDoors
from everdoor_server.sessionhandler import LoginHooks, ServerSessionHandler
from everdoor_server.waits import Request, Running

TURN_S = 0.02
"""A turn ends after so long when more lines wait: others' answers are not held back longer."""

MAX_INJECTED = 100
"""Lines that one typed line may set off; beyond it a command that runs itself would not end."""

NEVER = -1
"""A count that marks never have, so that they differ from it."""

INTERRUPTED = "The game was restarted; what you were doing was interrupted."

CONNECTION_LOST = "connection lost"

NOT_RESTORED = "this session cannot be restored"

IDLE_COMMAND = "idle"
"""A line that clients send by themselves to keep a connection open, as Evennia's players do."""

_log = structlog.get_logger(__name__)


class GameRules(LoginHooks, Protocol):
    """What the turn needs of the game above it."""

    @property
    def sessions(self) -> ServerSessionHandler: ...

    def make_session(self, key: SessionKey, sessionhandler: SessionDoors) -> ServerSession:
        """Build an empty session of the world's class."""

    def at_connected(self, session: ServerSession) -> Running | None:
        """A client has connected: show it where it is."""

    def run(self, session: ServerSession, text: str, trace: str) -> Running | None:
        """Run one line; a coroutine when it waits, None when it is done."""

    def at_adopt(self, session: ServerSession) -> None:
        """A session has been restored (perhaps again): link account, puppet, command sets."""

    def at_return(self, session: ServerSession) -> None:
        """Its portal has said hello: a restored session is whole, and its held lines come next."""

    def report_error(self, session: ServerSession, trace: str, error: Exception) -> None:
        """A command has raised: log it, tell its player the trace."""

    def take_changes(self) -> list[Change]:
        """Rows of the world that differ since the last call."""

    def change_count(self) -> int:
        """Counts changes of the world: it has moved when a command changed something."""


class Waiting(NamedTuple):
    """A command waits: answer with `Turn.resume(id, ...)`. `key` names the wait for auth."""

    id: int
    key: CallKey
    request: Request


class _Lane:
    """The inputs of one session: what is accepted, what is complete, what runs."""

    __slots__ = (
        "accepted",
        "calls",
        "cursor",
        "injected",
        "is_ready",
        "key",
        "marks",
        "queue",
        "running",
        "seq",
        "session",
        "uncounted",
    )

    def __init__(self, key: SessionKey, session: ServerSession | None, cursor: int) -> None:
        self.key = key
        self.session = session
        self.accepted = cursor
        self.cursor = cursor
        self.seq = cursor
        self.queue: deque[Numbered] = deque()
        self.is_ready = False
        self.running: Running | None = None
        self.calls = 0
        self.injected: deque[str] = deque()
        self.marks = 0
        self.uncounted = range(0)

    @property
    def trace(self) -> str:
        """Names the line that runs, the same in every process and after every restart."""
        sessid = self.session.sessid if self.session else 0
        return f"{sessid}-{self.seq}"


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
    """

    def __init__(
        self,
        app: AppSession,
        rules: GameRules,
        collector: Collector,
        links: Links,
        stored: Stored,
        elapsed: Callable[[], float],
    ) -> None:
        self._app = app
        self._rules = rules
        self._collector = collector
        self._links = links
        self._elapsed = elapsed
        self._generation = stored.generation
        self._n = 0
        self._last_sessid = stored.last_sessid
        self._stored_sessid = stored.last_sessid
        self._known = {known.id: known for known in stored.portals if not known.buried}
        self._new_portals: dict[str, KnownPortal] = {}
        self._forgotten: list[str] = []
        self._lanes: dict[SessionKey, _Lane] = {}
        self._ready: deque[_Lane] = deque()
        self._set_off: deque[_Lane] = deque()
        self._set_off_lines = 0
        self._actions: deque[Callable[[], None]] = deque()
        self._resumed: deque[tuple[int, Any, Exception | None]] = deque()
        self._waits: list[Waiting] = []
        self._waiting: dict[int, _Lane] = {}
        self._last_wait = 0
        self._answered: dict[SessionKey, int] = {}
        self._confirmed: dict[SessionKey, int] = {}
        self._ending: Ending | None = None
        self._limbo: dict[SessionKey, RosterEntry] = {}
        for entry in stored.roster:
            self._present_in_limbo(entry)

    # What arrives.

    def receive(self, event: LinkEvent) -> None:
        """Take what a portal said; never between `run` and `committed`."""
        match event:
            case Arrived(link, message):
                self._accept(link, message)
            case Greeted(link, hello, rows):
                self._greeted(link, hello, rows)
            case Dead(link):
                self._bury(link)

    def resume(self, wait_id: int, answer: Any = None, error: Exception | None = None) -> None:
        """Bring what a command waits for; ignored when its session has ended meanwhile."""
        if wait_id in self._waiting:
            self._resumed.append((wait_id, answer, error))

    def do(self, action: Callable[[], None]) -> None:
        """Run something that no client typed in the next turn, before its lines: what it changes
        and says is committed with them."""
        self._actions.append(action)

    def has_work(self) -> bool:
        """Whether a line, an answer or an action waits to be run."""
        return bool(self._ready or self._resumed or self._actions)

    def _accept(self, link: Downlink, message: Numbered) -> None:
        key = SessionKey(link.portal, link.incarnation.number, message.conn)
        lane = self._lanes.get(key)
        if lane is None:
            if not isinstance(message, Connected) or link.is_closing(message.conn):
                return
            lane = self._lanes[key] = _Lane(key, None, cursor=0)
        if message.seq == lane.accepted + 1:
            lane.accepted = message.seq
            lane.queue.append(message)
            self._make_ready(lane)
        elif message.seq in lane.uncounted:
            self._count(lane, message)

    def _count(self, lane: _Lane, message: Numbered) -> None:
        """Count a line that has run and that the portal, when it said hello, had not counted."""
        lane.uncounted = range(message.seq + 1, lane.uncounted.stop)
        if isinstance(message, Input) and not is_idle_line(message.text):
            self._session(lane).cmd_total += 1

    def _make_ready(self, lane: _Lane) -> None:
        if lane.queue and lane.running is None and not lane.is_ready:
            lane.is_ready = True
            self._ready.append(lane)

    # The turn.

    def run(self, lines: bool = True) -> Commit | None:
        """Run what waits, for TURN_S at most.

        Args:
            lines: False: only actions are run; players' lines, and answers, are left waiting.

        Returns:
            What must be written before anything is sent, or None when there is nothing.
        """
        end = self._elapsed() + TURN_S
        while self._actions:
            self._act(self._actions.popleft())
        self._set_off_lines = 0
        self._hand_out(None)
        self._run_set_off()
        while lines and self._resumed:
            self._go_on(*self._resumed.popleft())
        while lines and self._ready:
            self._step(self._ready.popleft())
            if self._elapsed() > end:
                break
        return self._take_commit()

    def committed(self, commit: Commit) -> None:
        """The Commit is written: its rows may go, and auth may forget what it answered."""
        self._confirmed.update(self._answered)
        self._answered.clear()
        for row in commit.rows:
            link = self._links.get(row.portal)
            if link is not None:
                link.keep(row)

    def take_waits(self) -> list[Waiting]:
        """What commands have begun to wait for since the last call, and still do."""
        waits, self._waits = self._waits, []
        return [waiting for waiting in waits if self._still_waits(waiting)]

    def _still_waits(self, waiting: Waiting) -> bool:
        lane = self._waiting[waiting.id]
        if lane.running is None:
            del self._waiting[waiting.id]
            self._answered[lane.key] = lane.seq
        return lane.running is not None

    def take_answered(self) -> list[tuple[SessionKey, int]]:
        """Lines that are complete for good, each session's last: auth need not keep its answers
        to them any longer."""
        confirmed, self._confirmed = self._confirmed, {}
        return list(confirmed.items())

    def _take_commit(self) -> Commit | None:
        self._drop_ended()
        commit = Commit(self._generation, self._n + 1)
        for portal, row in self._collector.take_rows(RowId(commit.generation, commit.n)):
            closes = tuple(conn for conn, _ in row.closes)
            commit.rows.append(OutboxRow(portal, row.id, codec.encode(row), closes))
        commit.present, commit.absent = self._collector.take_roster()
        commit.portals, self._new_portals = list(self._new_portals.values()), {}
        commit.forgotten, self._forgotten = self._forgotten, []
        if self._last_sessid != self._stored_sessid:
            commit.last_sessid = self._stored_sessid = self._last_sessid
        commit.changes = self._rules.take_changes()
        commit.ending, self._ending = self._ending, None
        if commit.is_empty():
            return None
        commit.trimmed = self._links.take_trimmed()
        self._n = commit.n
        return commit

    # Ending.

    def end(self, ending: Ending) -> None:
        """Say how this generation ends, should the next commit be its last."""
        self._ending = ending

    def copies_of(self, link: Downlink) -> list[tuple[int, int, dict[str, object]]]:
        """What a portal holds once it has every row: (connection, cursor, state)."""
        life = (link.portal, link.incarnation.number)
        return [
            (lane.key.conn, lane.cursor, self._collector.state_of(lane.key))
            for lane in self._lanes.values()
            if lane.key[:2] == life and lane.session is not None
        ]

    def send_copies_anew(self, link: Downlink) -> None:
        """Have the next row bring all that a portal is to hold."""
        life = (link.portal, link.incarnation.number)
        for lane in self._lanes.values():
            if lane.key[:2] == life and lane.session is not None:
                self._collector.forget_state_of(lane.session)
                self._collector.complete(lane.key, lane.cursor)

    # One line.

    def _step(self, lane: _Lane) -> None:
        lane.is_ready = False
        if lane.running is not None or not lane.queue or self._has_ended(lane):
            return
        message = lane.queue.popleft()
        lane.seq, lane.calls, lane.marks = message.seq, 0, self._marks()
        self._set_off_lines = 0
        try:
            running = self._begin(lane, message)
        except Exception as error:
            self._report(lane, error)
            running = None
        self._perform(lane, running)

    def _begin(self, lane: _Lane, message: Numbered) -> Running | None:
        match message:
            case Connected():
                return self._connect(lane, message)
            case Input(text=text):
                session = self._session(lane)
                session.update_session_counters(idle=is_idle_line(text))
                return self._rules.run(session, text, lane.trace)
            case FlagsChanged(flags=flags):
                self._session(lane).learn_flags(flags)
            case Disconnected(reason=reason):
                self._rules.sessions.end(self._session(lane), reason)
        return None

    def _connect(self, lane: _Lane, message: Connected) -> Running | None:
        """Greet a client; a greeting that a former server had begun and not shown begins again."""
        session = lane.session or self._new_session(lane, message)
        lane.marks = self._marks()
        return self._rules.at_connected(session)

    def _new_session(self, lane: _Lane, message: Connected) -> ServerSession:
        sessions = self._rules.sessions
        session = self._rules.make_session(lane.key, sessions)
        self._last_sessid += 1
        session.sessid = self._last_sessid
        session.protocol_key = message.protocol_key
        session.address, session.port = message.address, message.port
        session.conn_time = session.cmd_last = session.cmd_last_visible = (
            sessions.now() - message.age_s
        )
        session.protocol_flags = dict(message.flags)
        lane.session = session
        sessions.add(session)
        session.touch()
        return session

    def _session(self, lane: _Lane) -> ServerSession:
        assert lane.session is not None, "input 1 of a connection is its `connected`"
        return lane.session

    # Commands, to their end or to where they wait.

    def _perform(
        self,
        lane: _Lane,
        running: Running | None,
        answer: Any = None,
        error: Exception | None = None,
    ) -> None:
        """Drive a command and the lines that it sets off; move the cursor when all is done."""
        while running is None or self._drive(lane, running, answer, error):
            text = self._next_injected(lane)
            if text is None:
                self._complete(lane)
                break
            running = self._begin_injected(lane, text)
            answer = error = None
        self._run_set_off()

    def _run_set_off(self) -> None:
        """Run the lines that were set off in lanes that are free; the others run theirs later."""
        while self._set_off:
            other = self._set_off.popleft()
            if other.running is None and (text := self._next_injected(other)) is not None:
                other.marks = self._marks()
                self._perform(other, self._begin_injected(other, text))

    def _begin_injected(self, lane: _Lane, text: str) -> Running | None:
        try:
            return self._rules.run(self._session(lane), text, lane.trace)
        except Exception as error:
            self._report(lane, error)
            return None

    def _drive(self, lane: _Lane, running: Running, answer: Any, error: Exception | None) -> bool:
        """Let a command go on; False when it waits."""
        lane.running = running
        try:
            request = running.send(answer) if error is None else running.throw(error)
        except StopIteration:
            lane.running = None
        except Exception as exc:
            lane.running = None
            self._report(lane, exc)
        else:
            self._wait(lane, request)
            return False
        return True

    def _wait(self, lane: _Lane, request: Request) -> None:
        session = self._session(lane)
        if not self._is_present(session):
            self._drop(lane)
            return
        self._hand_out(lane)
        lane.calls += 1
        self._last_wait += 1
        self._waiting[self._last_wait] = lane
        key = CallKey(lane.key, lane.seq, lane.calls)
        self._waits.append(Waiting(self._last_wait, key, request))
        if self._marks() != lane.marks and lane.cursor < lane.seq:
            session.unfinished = lane.seq
            session.touch()
            self._move_cursor(lane)

    def _go_on(self, wait_id: int, answer: Any, error: Exception | None) -> None:
        lane = self._waiting.pop(wait_id, None)
        if lane is None:
            return
        if lane.running is None or self._has_ended(lane):
            self._answered[lane.key] = lane.seq
        else:
            lane.marks = self._marks()
            self._set_off_lines = 0
            self._perform(lane, lane.running, answer, error)

    def _complete(self, lane: _Lane) -> None:
        session = self._session(lane)
        if not self._is_present(session):
            self._drop(lane)
            return
        if session.unfinished:
            session.unfinished = 0
            session.touch()
        if lane.calls:
            self._answered[lane.key] = lane.seq
        if lane.cursor < lane.seq:
            self._move_cursor(lane)
        self._make_ready(lane)

    def _move_cursor(self, lane: _Lane) -> None:
        lane.cursor = lane.seq
        self._collector.complete(lane.key, lane.seq)

    def _next_injected(self, lane: _Lane) -> str | None:
        """The next line that the lane's command has set off; others' lines go to their lanes."""
        self._hand_out(lane)
        if not lane.injected or not self._is_present(self._session(lane)):
            return None
        self._set_off_lines += 1
        if self._set_off_lines > MAX_INJECTED:
            lane.injected.clear()
            _log.error("a line set off too many others", trace=lane.trace, most=MAX_INJECTED)
            return None
        return lane.injected.popleft()

    def _hand_out(self, lane: _Lane | None) -> None:
        """Bring the lines that were set off to their lanes; one to another lane shows there.

        Args:
            lane: Whose command set them off; None: an action or a hook outside of commands did.
        """
        injected, self._collector.injected = self._collector.injected, []
        for session, text in injected:
            target = self._lanes.get(session.key)
            if target is not None:
                target.injected.append(text)
                if target is not lane:
                    if lane is not None:
                        lane.marks = NEVER
                    self._set_off.append(target)

    def _drop(self, lane: _Lane) -> None:
        """Forget the inputs of a session that has ended, and what it waits for."""
        self._lanes.pop(lane.key, None)
        lane.queue.clear()
        if lane.running is None:
            self._answered[lane.key] = lane.seq
        else:
            # Auth may be about to answer it: only then can it forget (see `_go_on`).
            self._guarded(lane, lane.running.close)
            lane.running = None

    def _drop_ended(self) -> None:
        """Abandon what sessions that others have ended were doing."""
        while ended := self._collector.take_ended():
            for key in ended:
                self._limbo.pop(key, None)
                if (lane := self._lanes.get(key)) is not None:
                    self._drop(lane)

    def _marks(self) -> int:
        return self._collector.marks + self._rules.change_count()

    def _has_ended(self, lane: _Lane) -> bool:
        return lane.session is not None and not self._is_present(lane.session)

    def _is_present(self, session: ServerSession) -> bool:
        return self._rules.sessions.by_key(session.key) is session

    def _report(self, lane: _Lane, error: Exception) -> None:
        if lane.session is not None:
            self._rules.report_error(lane.session, lane.trace, error)

    # Portals.

    def _greeted(self, link: Downlink, hello: Hello, rows: list[Row]) -> None:
        known = KnownPortal(link.portal, link.incarnation, link.host)
        if self._known.get(link.portal) != known:
            self._known[link.portal] = self._new_portals[link.portal] = known
        if not link.adopted:
            link.adopted = True
            self._adopt_all(link, hello.copies, rows)
        self._end_missing(link, hello.copies)
        self._recount(link, hello.copies)

    def _recount(self, link: Downlink, copies: list[Copy]) -> None:
        """Take over the counts of completed lines; lines that the portal does not know to be
        complete follow its hello and are counted again."""
        for copy in copies:
            lane = self._lanes.get(SessionKey(link.portal, link.incarnation.number, copy.conn))
            if lane is not None and lane.session is not None:
                lane.session.cmd_total = copy.cmd_total
                lane.uncounted = range(copy.cursor + 1, lane.seq + 1)

    def _adopt_all(self, link: Downlink, copies: list[Copy], rows: list[Row]) -> None:
        """Take over the sessions of a portal: its copies plus the rows it has not applied."""
        closed = {conn for row in rows for conn, _ in row.closes}
        number = link.incarnation.number
        for copy in copies:
            state, cursor = _brought_up_to_date(copy, rows)
            if state is not None and copy.conn not in closed:
                self._adopt(SessionKey(link.portal, number, copy.conn), copy, state, cursor)

    def _end_missing(self, link: Downlink, copies: list[Copy]) -> None:
        """End the sessions that the portal no longer has, having let their clients go."""
        life = (link.portal, link.incarnation.number)
        held = {copy.conn for copy in copies}
        for session in self._rules.sessions:
            key = session.key
            if key[:2] == life and (key in self._limbo or key.conn not in held):
                self._limbo.pop(key, None)
                self._end(key, CONNECTION_LOST)
        for key in [key for key in self._lanes if key[:2] == life and key.conn not in held]:
            self._drop(self._lanes[key])

    def _adopt(self, key: SessionKey, copy: Copy, state: dict[str, Any], cursor: int) -> None:
        sessions = self._rules.sessions
        entry = self._limbo.pop(key, None)
        session = sessions.by_key(key) or self._rules.make_session(key, sessions)
        try:
            _check_sessid(state)
            session.load_snapshot(self._app, state)
            self._collector.know(session, entry)
        except (RestoreError, TypeError) as exc:
            _log.error("a session cannot be restored", session=str(key), error=str(exc))
            if entry is not None:
                self._end(key, NOT_RESTORED)
            else:
                self._collector.close(session, NOT_RESTORED)
            return
        now = sessions.now()
        session.conn_time = now - copy.conn_age_s
        session.cmd_last = now - copy.idle_s
        session.cmd_last_visible = now - copy.idle_visible_s
        self._keep_sessid_unique(session)
        sessions.add(session)
        self._lanes[key] = lane = _Lane(key, session, cursor)
        lane.calls = self._generation << 32  # numbers that no former server gave to a call
        session.touch()
        self._guarded(lane, lambda: self._rules.at_adopt(session))
        self._guarded(lane, lambda: self._rules.at_return(session))
        if session.unfinished:
            session.unfinished = 0
            session.msg(INTERRUPTED)

    def _keep_sessid_unique(self, session: ServerSession) -> None:
        """Give a session another number when its own was given again, after a loss of the
        database's last moments, before its portal came back."""
        self._last_sessid = max(self._last_sessid, session.sessid)
        if self._rules.sessions.get(session.sessid) not in (None, session):
            self._last_sessid += 1
            session.sessid = self._last_sessid

    def _present_in_limbo(self, entry: RosterEntry) -> None:
        """Until its portal has said hello a session is seen and shown things, and runs nothing."""
        session = self._rules.make_session(entry.key, self._rules.sessions)
        session.sessid = entry.sessid
        session.uid, session.puid = entry.account, entry.puppet
        session.logged_in = entry.account is not None
        self._rules.sessions.add(session)
        self._collector.know(session, entry)
        self._limbo[entry.key] = entry
        self._guarded(_Lane(entry.key, session, 0), lambda: self._rules.at_adopt(session))

    def _bury(self, link: Downlink) -> None:
        """End all sessions of a dead incarnation, and forget its rows."""
        life = (link.portal, link.incarnation.number)
        for session in self._rules.sessions:
            if session.key[:2] == life:
                self._limbo.pop(session.key, None)
                self._end(session.key, CONNECTION_LOST)
        for key in [key for key in self._lanes if key[:2] == life]:
            self._drop(self._lanes[key])
        self._collector.discard(life)
        self._forgotten.append(link.portal)
        self._known.pop(link.portal, None)
        self._new_portals[link.portal] = KnownPortal(
            link.portal, link.incarnation, link.host, buried=True
        )
        self._links.bury(link)

    def _end(self, key: SessionKey, reason: str) -> None:
        session = self._rules.sessions.by_key(key)
        if session is None:
            return
        lane = self._lanes.get(key) or _Lane(key, session, 0)
        self._guarded(lane, lambda: self._rules.sessions.end(session, reason))
        self._drop(lane)

    def _act(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception:
            _log.exception("an action has failed")

    def _guarded(self, lane: _Lane, hook: Callable[[], object]) -> None:
        """Run code of the game outside a command: an error is logged and disturbs nobody."""
        try:
            hook()
        except Exception as error:
            self._report(lane, error)


def is_idle_line(text: str) -> bool:
    """Whether a line is a keepalive that clients type, not something the player meant."""
    return text.strip() == IDLE_COMMAND


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
