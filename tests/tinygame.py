"""A game of a few lines and the server's cores around it, for tests of turns.

Nothing is played here: each test names its lines and says what they do. The cores are the real
ones; frames go in and come out as bytes, and `Database` keeps what turns write, in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from everdoor import codec
from everdoor.errors import Fenced
from everdoor.ids import NO_ROW, Incarnation, RowId, SessionKey
from everdoor.messages.stream import (
    Ack,
    Connected,
    Copy,
    Disconnected,
    Hello,
    Input,
    Output,
    PortalToServer,
    Row,
    ServerToPortal,
    UpFrame,
)
from everdoor.state import AppSession, SnapshotFlag
from everdoor_server.acts import Act
from everdoor_server.collector import Collector
from everdoor_server.commit import (
    Change,
    Commit,
    KnownPortal,
    Missed,
    OutboxRow,
    RosterEntry,
    Stored,
)
from everdoor_server.links import IsAlive, Links
from everdoor_server.restarts import Ending
from everdoor_server.session import ServerSession, SessionAccount, SessionDoors
from everdoor_server.sessionhandler import ServerSessionHandler
from everdoor_server.turn import Turn
from everdoor_server.waits import Running, Waiting, redeem_ticket

EPOCH_S = 1_700_000_000.0
"""The wall clock of these tests, when their monotonic one says 0."""

Does = Callable[[ServerSession], Running | None]


@dataclass
class Account:
    """Who is logged in."""

    id: int
    key: str


@dataclass
class Database:
    """What turns have written; outlives every generation of the server."""

    generation: int = 0
    last_sessid: int = 0
    portals: dict[str, KnownPortal] = field(default_factory=dict)
    roster: dict[SessionKey, RosterEntry] = field(default_factory=dict)
    rows: list[OutboxRow] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    ended: Ending = Ending.CRASH
    missed: list[Missed] = field(default_factory=list)

    def begin(self) -> Stored:
        """Raise the generation, then say what is stored."""
        self.generation += 1
        portals, roster = list(self.portals.values()), list(self.roster.values())
        rows = [row._replace(closes=()) for row in self.rows]
        missed = list(self.missed)
        return Stored(self.generation, self.last_sessid, portals, roster, rows, self.ended, missed)

    def write(self, commit: Commit) -> None:
        if commit.generation != self.generation:
            raise Fenced(f"generation {commit.generation}, now {self.generation}")
        last = commit.trimmed
        self.rows = [
            row
            for row in self.rows
            if row.id > last.get(row.portal, NO_ROW) and row.portal not in commit.forgotten
        ]
        self.rows += commit.rows
        self.portals.update((portal.id, portal) for portal in commit.portals)
        self.roster.update((entry.key, entry) for entry in commit.present)
        for key in commit.absent:
            self.roster.pop(key, None)
        upto = commit.caught_up
        self.missed = [one for one in self.missed if one.number > upto.get(one.sessid, 0)]
        self.missed += commit.missed
        self.last_sessid = commit.last_sessid or self.last_sessid
        self.changes += commit.changes


class TinyTimers:
    """Timers that are given by the test.

    Attributes:
        due: What is to be run, in order; each returns nothing.
        is_alone: Whether the next one is to run alone.
    """

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []
        self.is_alone = False

    def wait_s(self) -> float | None:
        return 0.0 if self.due else None

    def begin_turn(self) -> bool:
        return self.is_alone

    def run_next(self) -> bool:
        if self.due:
            self.due.pop(0)()
            return True
        return False


class TinyGame:
    """GameRules whose lines are given by the test.

    Attributes:
        lines: What each line does; it may return a coroutine.
        on_connect, on_adopt, on_interrupted: What happens then.
        accounts: By id, for sessions that are adopted.
        errors: (trace, error) as reported.
        hooks: Names of hooks and the sessids they ran for.
        acts: What is run next though nobody has typed it.
        told: What clients have said out of band, and their sessids; a line `oob <name>` says what
            that does.
    """

    def __init__(
        self,
        collector: Collector,
        clock: Callable[[], float],
        mode: int,
        session_class: type[ServerSession],
    ) -> None:
        self._session_class = session_class
        self._handler = ServerSessionHandler(collector, self, clock, mode)
        self._changes: list[Change] = []
        self._change_count = 0
        self.lines: dict[str, Does] = {}
        self.on_connect: Does = lambda session: None
        self.on_adopt: Does = lambda session: None
        self.on_interrupted: Does = lambda session: None
        self.on_disconnect: Does = lambda session: None
        self.accounts: dict[int, Account] = {}
        self.errors: list[tuple[str, str]] = []
        self.hooks: list[tuple[str, int]] = []
        self.acts: list[Act] = []
        self.timers = TinyTimers()
        self.told: list[tuple[int, str, list[Any], dict[str, Any]]] = []

    @property
    def sessions(self) -> ServerSessionHandler:
        return self._handler

    def change(self, name: str) -> None:
        """Change something durable."""
        self._change_count += 1
        self._changes.append(Change("thing", {"id": self._change_count}, {"name": name}))

    def make_session(self, key: SessionKey, sessionhandler: SessionDoors) -> ServerSession:
        return self._session_class(key, sessionhandler)

    def at_connected(self, session: ServerSession) -> Running | None:
        self.hooks.append(("connected", session.sessid))
        return self.on_connect(session)

    def at_ticket(self, session: ServerSession, ticket: bytes) -> Running | None:
        return self._log_in_by(ticket, session)

    async def _log_in_by(self, ticket: bytes, session: ServerSession) -> None:
        found = await redeem_ticket(ticket)
        account = self.accounts.setdefault(found.uid, Account(found.uid, found.name))
        self._handler.login(session, account)

    def run(self, session: ServerSession, text: str, trace: str) -> Running | None:
        return self.lines.get(text, lambda session: session.msg(f"did {text}"))(session)

    def take_out_of_band(
        self,
        session: ServerSession,
        name: str,
        args: list[Any],
        options: dict[str, Any],
        trace: str,
    ) -> Running | None:
        self.told.append((session.sessid, name, args, options))
        does = self.lines.get(f"oob {name}")
        return does(session) if does is not None else None

    def at_turn_end(self) -> None:
        """Nobody wants to be told anything."""

    def due(self, now: float) -> list[Callable[[], None]]:
        return []

    def at_adopt(self, session: ServerSession) -> None:
        self.hooks.append(("adopted", session.sessid))
        if session.uid is not None:
            session.account = self.accounts.get(session.uid)
        self.on_adopt(session)

    def at_return(self, session: ServerSession) -> None:
        self.hooks.append(("returned", session.sessid))

    def at_interrupted(self, session: ServerSession) -> Running | None:
        self.hooks.append(("interrupted", session.sessid))
        return self.on_interrupted(session)

    def report_error(self, session: ServerSession, trace: str, error: Exception) -> None:
        self.errors.append((trace, str(error)))
        session.msg(f"error {trace}")

    def take_changes(self) -> list[Change]:
        changes, self._changes = self._changes, []
        return changes

    def take_acts(self) -> list[Act]:
        acts, self.acts = self.acts, []
        return acts

    def act_of(self, session: ServerSession, text: str) -> Act | None:
        return Act("a puppet", lambda: self.change(text)) if session.puid is not None else None

    def change_count(self) -> int:
        return self._change_count

    def at_login(self, session: ServerSession, account: SessionAccount) -> None:
        self.hooks.append(("login", session.sessid))

    def at_back(self, session: ServerSession, is_seamless: bool) -> None:
        self.hooks.append(("back", session.sessid))

    def unlink(self, session: ServerSession) -> None:
        """Forget who plays it."""
        session.account = session.puppet = None

    def at_disconnect(self, session: ServerSession, reason: str) -> None:
        self.hooks.append(("disconnect", session.sessid))
        self.on_disconnect(session)


class TinyServer:
    """One generation of the server's cores, around a TinyGame.

    Attributes:
        now: Monotonic seconds; a test moves it.
    """

    def __init__(
        self,
        database: Database,
        *,
        mode: int = 0,
        is_alive: IsAlive = lambda portal, incarnation: True,
        grace_s: float = 120.0,
        now: float = 100.0,
        lines: dict[str, Does] | None = None,
        resume_grace_s: float = 0.0,
        session_class: type[ServerSession] = ServerSession,
    ) -> None:
        self.now = now
        self.database = database
        stored = database.begin()
        app = AppSession("test", silent=True, minimal=True)
        self.collector = Collector(app)
        self.game = TinyGame(self.collector, lambda: EPOCH_S + self.now, mode, session_class)
        self.game.lines = lines or {}
        self.links = Links(stored, "here", is_alive, grace_s, now)
        self.turn = Turn(
            app,
            self.game,
            self.collector,
            self.links,
            stored,
            lambda: self.now,
            resume_grace_s,
        )
        self._unread: dict[bytes, list[ServerToPortal]] = {}

    @property
    def sessions(self) -> ServerSessionHandler:
        return self.game.sessions

    def session(self, conn: int, portal: str = "p") -> ServerSession:
        found = [s for s in self.sessions if (s.key.portal, s.key.conn) == (portal, conn)]
        assert len(found) == 1, f"expected one session of connection {conn}, found {found}"
        return found[0]

    def receive(self, routing_id: bytes, frame: bytes) -> None:
        for event in self.links.receive(routing_id, frame, self.now):
            self.turn.receive(event)

    def run(self) -> Commit | None:
        """Run a turn and write what it did; nothing is sent."""
        commit = self.turn.run()
        if commit is not None:
            self.database.write(commit)
            self.turn.committed(commit)
        return commit

    def serve(self) -> Commit | None:
        """Run a turn, write what it did, send what is due."""
        commit = self.run()
        for routing_id, frame in self.links.data_to_send(self.now):
            message = codec.decode_down(frame).message
            self._unread.setdefault(routing_id, []).append(message)
        return commit

    def take_messages(self, routing_id: bytes) -> list[ServerToPortal]:
        return self._unread.pop(routing_id, [])

    def only_wait(self) -> Waiting:
        """The one thing that a command waits for."""
        [waiting] = self.turn.take_waits()
        return waiting

    def find_dead(self) -> None:
        for dead in self.links.find_dead(self.now):
            self.turn.receive(dead)


class ScriptedPortal:
    """The other end of the stream, saying exactly what the test tells it to.

    Attributes:
        last: The last row that it took.
        log: What each connection was shown: the first argument of each output.
    """

    def __init__(
        self, server: TinyServer, portal: str = "p", number: int = 1, host: str = "here"
    ) -> None:
        self.server = server
        self.portal = portal
        self.incarnation = Incarnation(number, 7)
        self.host = host
        self.epoch = 0
        self.k = 0
        self.last = NO_ROW
        self.log: dict[int, list[str]] = {}
        self.closed: list[int] = []

    @property
    def routing_id(self) -> bytes:
        return f"{self.portal}/{self.incarnation.number}/{self.epoch}".encode()

    def hello(self, copies: Iterable[Copy] = (), last: RowId | None = None) -> None:
        """Open a new epoch."""
        self.epoch += 1
        self.k = 0
        said = self.last if last is None else last
        self.send(Hello(self.portal, self.incarnation, self.host, said, list(copies)))

    def send(self, *messages: PortalToServer) -> None:
        self.k += 1
        frame = UpFrame(codec.WIRE_VERSION, self.epoch, self.k, list(messages))
        self.server.receive(self.routing_id, codec.encode(frame))

    def connect(self, conn: int = 1, seq: int = 1, ticket: bytes = b"") -> None:
        self.send(Connected(conn, seq, "telnet", "192.0.2.1", 40_000, {}, 0.0, ticket=ticket))

    def type(self, conn: int, seq: int, text: str) -> None:
        self.send(Input(conn, seq, text))

    def leave(self, conn: int, seq: int) -> None:
        self.send(Disconnected(conn, seq, "client closed the connection", True))

    def lose(self, conn: int, seq: int) -> None:
        self.send(Disconnected(conn, seq, "connection lost", False))

    def take(self) -> list[ServerToPortal]:
        """Let the server serve; take what it sent, rows into `log` and `last`."""
        self.server.serve()
        messages = self.server.take_messages(self.routing_id)
        for message in messages:
            if isinstance(message, Row) and message.id > self.last:
                self._apply(message)
        return messages

    def take_rows(self) -> list[Row]:
        return [message for message in self.take() if isinstance(message, Row)]

    def ack(self) -> None:
        self.send(Ack(self.last))

    def _apply(self, row: Row) -> None:
        self.last = row.id
        for output in row.outputs:
            for conn in output.to:
                self.log.setdefault(conn, []).append(shown(output))
        self.closed += [conn for conn, _ in row.closes]


def shown(output: Output) -> str:
    """One output as a short text."""
    return str(output.args[0]) if output.args else output.name


def key(conn: int, portal: str = "p", number: int = 1) -> SessionKey:
    return SessionKey(portal, number, conn)


def started(
    database: Database | None = None, conns: int = 1, **options: object
) -> tuple[TinyServer, ScriptedPortal]:
    """A server, and a portal whose clients have connected and been welcomed."""
    server = TinyServer(database or Database(), **options)  # type: ignore[arg-type]
    portal = ScriptedPortal(server)
    portal.hello()
    for conn in range(1, conns + 1):
        portal.connect(conn)
    portal.take()
    portal.ack()
    return server, portal


def snapshot(session: ServerSession) -> dict[str, object]:
    return session.take_snapshot(AppSession("test", silent=True), SnapshotFlag.REBOOT)


def copy_of(session: ServerSession, cursor: int, **changed: object) -> Copy:
    """What a portal holds of a session, with some of it changed."""
    state = {**snapshot(session), **changed}
    return Copy(session.key.conn, cursor, state, 30.0, 20.0, 10.0, 4)


def after_crash(
    server: TinyServer, portal: ScriptedPortal, *copies: Copy, **options: object
) -> TinyServer:
    """The next generation, to which the portal has said hello with these copies."""
    new = TinyServer(server.database, lines=server.game.lines, **options)  # type: ignore[arg-type]
    portal.server = new
    portal.hello(copies)
    return new
