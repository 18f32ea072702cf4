"""All sessions of the game server: who is here, and the one door for what is sent to them.

The handler finds sessions, logs them in and ends them in the order that hooks expect. What they
say and how they change goes to the turn (`Sink`), which commits and sends it; the handler opens
no socket and stores nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from everdoor.ids import SessionKey
from everdoor_server.gamecode import tolerated
from everdoor_server.session import ServerSession, SessionAccount, SessionPuppet
from everdoor_server.waits import Running

DUPLICATE_SESSION_REASON = "Logged in from elsewhere. Disconnecting."

IDLE_REASON = "Idle timeout exceeded, disconnecting."

HOOK_FAILED = "a hook has failed at the end of a session"


class Sink(Protocol):
    """Where the handler puts what sessions say and become; the turn implements it."""

    def send(
        self,
        sessions: Sequence[ServerSession],
        name: str,
        args: list[Any],
        options: dict[str, Any],
    ) -> None:
        """Queue one output for some sessions, in order."""

    def touch(self, session: ServerSession) -> None:
        """Note that the replicated part of a session, or its place in the roster, has changed."""

    def close(self, session: ServerSession, reason: str) -> None:
        """Queue the end of a session's connection, behind its output."""

    def move(self, session: ServerSession, client: ServerSession) -> None:
        """Note that a session is about to get the connection of another one, which is no more."""

    def inject(self, session: ServerSession, text: str) -> None:
        """Queue a line that no client typed, to run as part of what runs now."""


class LoginHooks(Protocol):
    """What the rooms above do around the ends of a session; the game implements it."""

    def at_login(self, session: ServerSession, account: SessionAccount) -> None:
        """The account is bound: command sets, hooks, then the puppet it had last."""

    def at_back(self, session: ServerSession, is_seamless: bool) -> None:
        """A session has a client again, or another one.

        Args:
            is_seamless: It goes on where it was; else it is shown where it is.
        """

    def at_disconnect(self, session: ServerSession, reason: str) -> None:
        """Release the puppet and run the hooks of session and account."""

    def unlink(self, session: ServerSession) -> None:
        """Take the session from its account and puppet; no hook is run."""


class ServerSessionHandler:
    """The sessions of one world, by `sessid`.

    Args:
        sink: The turn.
        hooks: The game.
        clock: Epoch seconds, for stamps that people see; never jumps, or all would seem idle.
        multisession_mode: 0 to 3, as in docs/sessions.md.
    """

    def __init__(
        self,
        sink: Sink,
        hooks: LoginHooks,
        clock: Callable[[], float],
        multisession_mode: int = 0,
    ) -> None:
        self._sink = sink
        self._hooks = hooks
        self._clock = clock
        self._mode = multisession_mode
        self._sessions: dict[int, ServerSession] = {}
        self._by_key: dict[SessionKey, ServerSession] = {}

    def now(self) -> float:
        """Epoch seconds."""
        return self._clock()

    @property
    def game(self) -> Any:
        """The game, for input functions."""
        return self._hooks

    def get_inputfuncs(self) -> dict[str, Callable[..., Any]]:
        """The input functions by name."""
        found: dict[str, Callable[..., Any]] = self.game.inputs.all()
        return found

    def run_line(self, session: ServerSession, text: str) -> Running | None:
        """Run a line at once, for an input function; what waits of it goes on by itself."""
        running: Running | None = self.game.run_line(session, text)
        return running

    # Finding sessions.

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[ServerSession]:
        return iter(list(self._sessions.values()))

    def __contains__(self, sessid: object) -> bool:
        return sessid in self._sessions

    def __getitem__(self, sessid: int) -> ServerSession:
        return self._sessions[sessid]

    def get(self, sessid: int) -> ServerSession | None:
        return self._sessions.get(sessid)

    def by_key(self, key: SessionKey) -> ServerSession | None:
        return self._by_key.get(key)

    def get_sessions(self, include_unloggedin: bool = False) -> list[ServerSession]:
        return [s for s in self._sessions.values() if include_unloggedin or s.logged_in]

    def session_from_sessid(self, sessid: int) -> ServerSession | None:
        return self._sessions.get(sessid)

    def session_from_account(self, account: SessionAccount, sessid: int) -> ServerSession | None:
        session = self._sessions.get(sessid)
        return session if session and session.logged_in and session.uid == account.id else None

    def sessions_from_account(self, account: SessionAccount) -> list[ServerSession]:
        return [s for s in self._sessions.values() if s.logged_in and s.uid == account.id]

    def sessions_from_puppet(self, puppet: SessionPuppet) -> list[ServerSession]:
        return [s for s in self._sessions.values() if s.puid == puppet.id]

    sessions_from_character = sessions_from_puppet

    def account_count(self) -> int:
        """How many accounts are here, however many sessions each has."""
        return len({s.uid for s in self._sessions.values() if s.logged_in})

    def all_connected_accounts(self) -> list[SessionAccount]:
        found = {s.uid: s.account for s in self._sessions.values() if s.logged_in}
        return [account for account in found.values() if account is not None]

    # Coming and going.

    def add(self, session: ServerSession) -> None:
        """Take in a session that has its key and sessid."""
        self._sessions[session.sessid] = session
        self._by_key[session.key] = session

    def remove(self, session: ServerSession) -> None:
        """Forget a session, silently; nothing happens when it is not here."""
        self._sessions.pop(session.sessid, None)
        self._by_key.pop(session.key, None)

    def login(self, session: ServerSession, account: SessionAccount) -> None:
        """Bind an account that auth has vouched for.

        A link-dead session of the account, the latest, comes back instead and takes over the
        connection; the session that has logged in is no more. In mode 0 the account's other
        sessions are told and disconnected first. Nothing happens when the session is logged in
        already.
        """
        if session.logged_in:
            return
        dead = [other for other in self.sessions_from_account(account) if other.is_link_dead]
        if dead:
            self.take_back(dead[-1], session, is_seamless=False)
            return
        if self._mode == 0:
            self.disconnect_duplicate_sessions(session, account)
        session.set_account(account)
        session.conn_time = self.now()
        session.at_login(account)
        session.data_out(logged_in={})
        self._hooks.at_login(session, account)

    def take_back(self, session: ServerSession, client: ServerSession, is_seamless: bool) -> None:
        """Give a session the connection of another one, of which nothing else is left.

        Args:
            is_seamless: Its client is shown what it lacks; else it is shown where it is.
        """
        self._sink.move(session, client)
        self.remove(client)
        self.remove(session)
        session.take_connection(client)
        session.resume, session.missed_from = b"", 0
        if is_seamless and session.as_of is None:
            # It was lost before its portal could say: all that auth remembers counts.
            session.as_of = 0
        self.add(session)
        session.touch()
        if self._mode == 0 and session.account is not None:
            self.disconnect_duplicate_sessions(session, session.account)
        session.data_out(logged_in={})
        self._hooks.at_back(session, is_seamless)

    def rekey(self, session: ServerSession, key: SessionKey) -> None:
        """Bind a session to another connection, or to none."""
        self.remove(session)
        session.key = key
        self.add(session)

    def disconnect(self, session: ServerSession, reason: str = "") -> None:
        """End a session from here: hooks, the reason as last output, then its connection.

        Nothing happens when it has ended already.
        """
        if session.sessid not in self._sessions:
            return
        if reason:
            session.msg(reason)
        self.end(session, reason)

    def end(self, session: ServerSession, reason: str) -> None:
        """Run the hooks, forget the session, have its portal close what is left of it.

        A hook that raises does not keep the session.
        """
        try:
            try:
                session.at_disconnect(reason)
            finally:
                self._hooks.at_disconnect(session, reason)
        finally:
            self.remove(session)
            session.logged_in = False
            self._sink.close(session, reason)

    def forget(self, session: ServerSession, reason: str) -> None:
        """End a session whose hooks cannot be run: silently, for everybody else."""
        self._hooks.unlink(session)
        self.remove(session)
        session.logged_in = False
        self._sink.close(session, reason)

    def disconnect_all_sessions(self, reason: str = "") -> None:
        for session in self:
            with tolerated(HOOK_FAILED, sessid=session.sessid):
                self.disconnect(session, reason)

    def disconnect_duplicate_sessions(
        self,
        session: ServerSession,
        account: SessionAccount,
        reason: str = DUPLICATE_SESSION_REASON,
    ) -> None:
        """Disconnect the account's sessions but this one."""
        for other in self.sessions_from_account(account):
            if other is not session:
                with tolerated(HOOK_FAILED, sessid=other.sessid):
                    self.disconnect(other, reason)

    def validate_sessions(self, idle_timeout_s: float) -> None:
        """Disconnect who has not been active for so long, unless their hook keeps them; 0 or
        less: nobody. Link-dead sessions have a grace of their own."""
        for session in self.idle_sessions(idle_timeout_s):
            with tolerated(HOOK_FAILED, sessid=session.sessid):
                if session.at_idle_timeout() is not False:
                    self.disconnect(session, IDLE_REASON)

    def idle_sessions(self, idle_timeout_s: float) -> list[ServerSession]:
        """Those whom `validate_sessions` is about."""
        latest = self.now() - idle_timeout_s
        idle = [s for s in self if s.cmd_last < latest and not s.is_link_dead]
        return idle if idle_timeout_s > 0 else []

    # Input and output.

    def announce_all(self, message: str) -> None:
        """Show a text to every client, logged in or not."""
        self.send(list(self._sessions.values()), "text", [message], {})

    def send(
        self,
        sessions: Sequence[ServerSession],
        name: str,
        args: list[Any],
        options: dict[str, Any],
    ) -> None:
        """Send one output to many; a portal gets it once for all of its own.

        Sessions that have ended are left out.
        """
        present = [session for session in sessions if self._is_here(session)]
        if present:
            self._sink.send(present, name, args, options)

    def data_out(self, session: ServerSession, **messages: Any) -> None:
        """Send outputs by name to one session, `prompt` last, None left out."""
        for name, args, options in outputs(messages):
            self.send([session], name, args, options)

    def data_in(self, session: ServerSession, text: str) -> None:
        """Run a line as this session."""
        self._sink.inject(session, text)

    def touch(self, session: ServerSession) -> None:
        if self._is_here(session):
            self._sink.touch(session)

    def _is_here(self, session: ServerSession) -> bool:
        """Whether it is one of these; a key of a former life of a portal may name another."""
        return self._sessions.get(session.sessid) is session


def outputs(messages: dict[str, Any]) -> Iterable[tuple[str, list[Any], dict[str, Any]]]:
    """Bring `msg` keywords to (name, args, options), `prompt` last.

    A value is None (left out), a plain value (one argument), a dict (options), a list (arguments),
    or a pair of either shape with a dict of options behind: Evennia's forms. `options=` holds for
    all.
    """
    shared = messages.get("options")
    found = []
    for name, value in messages.items():
        if value is not None and name != "options" and name != "prompt":
            args, options = _arguments(value)
            found.append((name, args, {**shared, **options} if shared else options))
    if (prompt := messages.get("prompt")) is not None:
        args, options = _arguments(prompt)
        found.append(("prompt", args, {**shared, **options} if shared else options))
    return found


def _arguments(value: Any) -> tuple[list[Any], dict[str, Any]]:
    if isinstance(value, str):
        # Nearly all are.
        return [value], {}
    match value:
        case dict():
            return [], value
        case (first, dict(options)):
            return (list(first) if isinstance(first, (list, tuple)) else [first]), options
        case list() | tuple():
            return list(value), {}
        case bool() | int() | float():
            return [value], {}
        case _:
            return [str(value)], {}
