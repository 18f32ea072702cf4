"""Try a game without processes: a world in memory, clients that type, what they are shown.

    world = World()                    # or World.of_game(FOLDER), a game as `everdoor up` runs it
    world.auth.add("Anna", "a good password")
    anna = world.connect()
    anna.type('connect Anna "a good password"')
    assert "You become Anna" in anna.read()

Commands run as on a server, one line after another; auth is a dictionary, waiting takes no time
(`world.now` moves on instead), and the database is kept in memory: `world.commit()` writes to it,
`world.restart()` begins a new game from what was written, with the same clients.
`world.advance(60)` lets a minute pass, with the scripts and delays that are due in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

from everdoor.errors import CallRefused, UserError
from everdoor.ids import SessionKey
from everdoor.settings import settings_of
from everdoor.state import REBOOT, AppSession
from everdoor_server.accounts import Account
from everdoor_server.acts import Act, report
from everdoor_server.adoption import INTERRUPTED
from everdoor_server.configured import Configured, configure
from everdoor_server.driving import MAX_INJECTED
from everdoor_server.engine import Game, GameOptions
from everdoor_server.errands import NOBODY
from everdoor_server.game import LoadedGame, import_in_place
from everdoor_server.memoryauth import MemoryAuth
from everdoor_server.objects import START_LABEL, Character, Object, Room
from everdoor_server.restarts import Ending, Hooks
from everdoor_server.rows import MemoryRows, WorldRows
from everdoor_server.scripts.delays import put_off
from everdoor_server.session import ServerSession
from everdoor_server.waits import Ask, Call, Pause, Request, Running
from everdoor_server.world.starter import starter_world

_READ = ("text", "prompt")

MOST_DUE = 10_000
"""So many timers may be due at once; beyond it, one makes another due without end."""


class Shown(NamedTuple):
    """One output as it was sent to a client."""

    name: str
    args: list[Any]
    options: dict[str, Any]


class Client:
    """Somebody who is connected.

    Attributes:
        session: Its ServerSession.
        shown: All that it was sent.
        closed: Why the game closed the connection; None while it is open.
    """

    def __init__(self, world: World, key: SessionKey) -> None:
        self._world = world
        self._read = 0
        self.key = key
        self.session: ServerSession
        self.shown: list[Shown] = []
        self.closed: str | None = None

    def type(self, *lines: str) -> str:
        """Type lines, one after another.

        Returns:
            The texts that they brought; those shown before are skipped.
        """
        self.read()
        for line in lines:
            self._world.run(self, line)
        return self.read()

    def read(self) -> str:
        """Return the texts and prompts shown since the last call, joined by line ends."""
        fresh, self._read = self.shown[self._read :], len(self.shown)
        return "\n".join(str(one.args[0]) for one in fresh if one.name in _READ and one.args)

    def say(self, name: str, /, *args: Any, **options: Any) -> list[Shown]:
        """Call an input function, as clients do that say more than lines.

        Returns:
            The outputs but texts and prompts that it brought.
        """
        before = len(self.shown)
        self._world.take_out_of_band(self, name, list(args), options)
        return [one for one in self.shown[before:] if one.name not in _READ]

    def leave(self) -> None:
        """Close the connection from the client's side."""
        self._world.game.sessions.end(self.session, "client closed")

    @property
    def puppet(self) -> Any:
        return self.session.puppet


class World:
    """A world in memory.

    Args:
        options: Its settings.
        rows: What is stored already; without it there is one room, "Limbo", where players begin.
        session_class, account_class, character_class: What sessions, accounts and new characters
            are.
        hooks: What the game does around starts and ends; `restart` runs those of a start.

    Attributes:
        game: The game under test; another one after `restart`.
        auth: The accounts that there are.
        start: Where players begin.
        now: Epoch seconds, moved by hand and by `sleep` of commands.
    """

    def __init__(
        self,
        options: GameOptions | None = None,
        rows: MemoryRows | None = None,
        session_class: type[ServerSession] = ServerSession,
        account_class: type[Account] = Account,
        character_class: type[Character] = Character,
        hooks: Hooks | None = None,
    ) -> None:
        self._options = options
        self._classes = (session_class, character_class, account_class)
        self._hooks = hooks
        self._app = AppSession("testing", minimal=True, silent=True)
        self._clients: dict[SessionKey, Client] = {}
        self._connections = 0
        self._typed = 0
        self._injected: list[tuple[ServerSession, str]] = []
        self._asking: dict[SessionKey, Running] = {}
        self.rows = rows or MemoryRows()
        self.now = 1_000_000.0
        self.auth = MemoryAuth()
        self.game = self._make_game(self.rows)
        if rows is None:
            limbo = self.game.objects.create(Room, "Limbo")
            limbo.tags.add(START_LABEL.name, START_LABEL.category)

    @classmethod
    def of_game(cls, folder: Path | str, **settings: Any) -> Self:
        """Make a new world of a game: its steps have built it, its start hooks have run.

        Args:
            folder: Where its `everdoor.toml` is; the environment does not count.
            **settings: Settings by name, over those of the file.

        Raises:
            SettingsError: A setting is at fault.
            GameError: The game cannot be imported.
        """
        configured, loaded = _load(Path(folder).resolve(), settings)
        world = cls.of_loaded(configured, loaded)
        world.game.at_server_start(Ending.STOP)
        return world

    @classmethod
    def of_loaded(cls, configured: Configured, loaded: LoadedGame) -> Self:
        """The same of a game that is loaded already; no hooks are run."""
        rows = MemoryRows()
        if not loaded.steps:
            rows.apply(starter_world())
        world = cls(
            configured.options,
            rows,
            configured.session_class,
            configured.account_class,
            configured.character_class,
            loaded.hooks,
        )
        world.game.build(loaded.steps)
        world.commit()
        return world

    @property
    def start(self) -> Object:
        start = self.game.objects.start_location()
        assert start is not None, "a world for tests has a place where players begin"
        return start

    def connect(self, ticket: bytes = b"", **flags: Any) -> Client:
        """Connect a client; what it is shown first is in its `read`.

        Args:
            ticket: With which it begins logged in (`auth.issue`).
        """
        self._connections += 1
        key = SessionKey("testing", 1, self._connections)
        client = self._clients[key] = Client(self, key)
        session = client.session = self.game.make_session(key, self.game.sessions)
        session.sessid = self._connections
        session.protocol_key, session.address = "telnet", "127.0.0.1"
        session.conn_time = session.cmd_last = session.cmd_last_visible = self.now
        session.protocol_flags = dict(flags)
        self.game.sessions.add(session)
        game = self.game
        begun = game.at_ticket(session, ticket) if ticket else game.at_connected(session)
        self._drive(session, begun)
        return client

    def log_in(self, name: str, superuser: bool = False) -> Client:
        """Connect a client and log it in, with a new account when there is none of that name."""
        try:
            self.auth.add(name, "password", superuser)
        except CallRefused:
            pass
        client = self.connect()
        client.type(f'connect "{name}" password')
        client.read()
        return client

    def run(self, client: Client, line: str) -> None:
        """Run a line, or answer with it what a command has asked, and the lines that it sets off;
        nothing happens on a closed connection."""
        if client.closed is not None:
            return
        self._typed += 1
        session = client.session
        session.update_session_counters()
        session.prompt_seen = session.prompt
        asking = self._asking.pop(client.key, None)
        if asking is not None:
            self._drive(session, asking, line)
        else:
            self._run(session, line)
        self._run_set_off()
        self._run_due()
        self.game.at_turn_end()

    def take_out_of_band(
        self, client: Client, name: str, args: list[Any], options: dict[str, Any]
    ) -> None:
        """Call an input function for a client; what waits may end a command that asks."""
        session, trace = client.session, self._trace(client.session)
        running = self.game.take_out_of_band(session, name, args, options, trace)
        if running is not None and (asking := self._asking.pop(client.key, None)) is not None:
            asking.close()
            session.interrupt_prompt()
        self._drive(session, running)
        self._run_set_off()
        self.game.at_turn_end()

    def advance(self, seconds: float) -> None:
        """Let time pass: scripts and delays that are due meanwhile happen, each at its time."""
        end = self.now + seconds
        timers = self.game.scripts.timers
        while (due := timers.next_due()) is not None and due <= end:
            self.now = max(self.now, due)
            self._run_due()
        self.now = max(self.now, end)

    def _run_due(self) -> None:
        """Run what is due now, and what that sets off."""
        timers = self.game.scripts.timers
        for _ in range(MOST_DUE):
            if timers.wait_s() != 0.0:
                return
            timers.begin_turn()
            if timers.run_next():
                self._run_set_off()
        raise RuntimeError(f"more than {MOST_DUE} timers are due at the same time: {self.now:g}")

    def _run_set_off(self) -> None:
        """Run the lines that were set off, and what nobody has typed."""
        for _ in range(MAX_INJECTED):
            if acts := self.game.take_acts():
                for act in acts:
                    self._begin(act)
            elif self._injected:
                self._run(*self._injected.pop(0))
            else:
                return
        raise RuntimeError(f"a line has set off more than {MAX_INJECTED} others")

    def _begin(self, act: Act) -> None:
        """Run what nobody has typed."""
        try:
            running = act.begin()
        except Exception as error:
            report(act.who, error)
        else:
            if running is not None:
                self._go_on(act.who, running)

    def _go_on(self, who: str, running: Running) -> None:
        """Let what nobody has typed go on, until it waits: then time has to pass."""
        go_on: Callable[[], Request] = lambda: running.send(None)  # noqa: E731
        try:
            while not isinstance(request := go_on(), Pause):
                if isinstance(request, Ask):
                    go_on = lambda: running.throw(UserError(NOBODY))  # noqa: E731
                else:
                    go_on = self._answered(running, request)
        except StopIteration:
            return
        except Exception as error:
            report(who, error)
        else:
            later = partial(self._go_on, who, running)
            put_off(self.game.scripts, request.seconds, later, (), {}, persistent=False)

    def commit(self) -> None:
        """Write what has changed."""
        self.rows.apply(self.game.take_changes())

    def restart(self) -> None:
        """Begin a new game from what was written, as after a crash; clients stay connected."""
        open_clients = [client for client in self._clients.values() if client.closed is None]
        for asking in self._asking.values():
            asking.close()
        self._asking.clear()
        self.game = self._make_game(self.rows)
        for client in open_clients:
            self._adopt(client)
        self.game.at_server_start(Ending.CRASH)

    def _adopt(self, client: Client) -> None:
        before = client.session
        session = client.session = self.game.make_session(client.key, self.game.sessions)
        session.load_snapshot(self._app, before.take_snapshot(self._app, REBOOT))
        self.game.sessions.add(session)
        self.game.at_adopt(session)
        if session.is_asked:
            session.msg(INTERRUPTED)
            session.interrupt_prompt()
            self._drive(session, self.game.at_interrupted(session))

    def _make_game(self, rows: WorldRows) -> Game:
        session, character, account = self._classes
        return Game(
            rows,
            self,
            lambda: self.now,
            self._options,
            session,
            character,
            account_class=account,
            hooks=self._hooks,
        )

    def _run(self, session: ServerSession, line: str) -> None:
        self._drive(session, self.game.run(session, line, self._trace(session)))

    def _trace(self, session: ServerSession) -> str:
        return f"{session.sessid}-{self._typed}"

    def _drive(self, session: ServerSession, running: Running | None, answer: Any = None) -> None:
        """Run a command that waits to its end, or until it asks for a line."""
        if running is None:
            return
        go_on: Callable[[], Request] = lambda: running.send(answer)  # noqa: E731
        try:
            while True:
                request = go_on()
                if isinstance(request, Ask):
                    session.begin_prompt(request.text, request.hidden)
                    self._asking[session.key] = running
                    return
                go_on = self._answered(running, request)
        except StopIteration:
            session.end_prompt()
        except Exception as error:
            session.end_prompt()
            self.game.report_error(session, self._trace(session), error)

    def _answered(self, running: Running, request: Call | Pause) -> Callable[[], Request]:
        match request:
            case Pause(seconds=seconds):
                self.now += seconds
                return lambda: running.send(None)
            case Call(call=call):
                try:
                    answer = self.auth.answer(call)
                except CallRefused as exc:
                    error = exc
                    return lambda: running.throw(error)
                return lambda: running.send(answer)

    # The sink of the handler of sessions.

    def send(
        self,
        sessions: Sequence[ServerSession],
        name: str,
        args: list[Any],
        options: dict[str, Any],
    ) -> None:
        for session in sessions:
            self._clients[session.key].shown.append(Shown(name, args, options))

    def touch(self, session: ServerSession) -> None:
        """Nothing: a session's replicated part is taken when the world restarts."""

    def close(self, session: ServerSession, reason: str) -> None:
        self._clients[session.key].closed = reason
        asking = self._asking.pop(session.key, None)
        if asking is not None:
            asking.close()

    def move(self, session: ServerSession, client: ServerSession) -> None:
        self._clients[client.key].session = session

    def inject(self, session: ServerSession, text: str) -> None:
        self._injected.append((session, text))


def _load(folder: Path, values: dict[str, Any]) -> tuple[Configured, LoadedGame]:
    settings = settings_of(folder, **values)
    loaded = import_in_place(settings.game) if settings.game is not None else LoadedGame()
    return configure(settings, loaded.options), loaded
