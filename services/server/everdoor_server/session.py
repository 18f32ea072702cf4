"""The server's end of a session: one connected client, whatever its protocol.

Holds what the session is and its doors for input and output; the handler it belongs to
(`everdoor_server.sessionhandler`) collects what it says, the turn sends it. A session is not
persistent: it ends with its connection, and what survives a restart of the server is its
replicated part, which its portal keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import Any, ClassVar, Protocol

from everdoor.ids import SessionKey
from everdoor.playertext import is_about_passwords
from everdoor.state import AppSession, SnapshotFlag, State
from everdoor_server.waits import Running

DEFAULT_WIDTH = 78
DEFAULT_HEIGHT = 45


OF_CONNECTION = (
    "key",
    "protocol_key",
    "address",
    "port",
    "protocol_flags",
    "unfinished",
    "prompt",
    "prompt_floor",
    "is_asked",
    "cmd_total",
    "cmd_last",
    "cmd_last_visible",
)
"""What a session knows of its connection; the rest is who is playing."""


CLOCKS = ("conn_time", "cmd_last", "cmd_last_visible", "cmd_total")
"""What a person or an archive is told in addition to the replicated part."""


class SessionAccount(Protocol):
    """What a session needs of the account that is logged in on it."""

    id: int
    key: str


class SessionPuppet(Protocol):
    """What a session needs of the object it controls."""

    id: int
    key: str


class SessionDoors(Protocol):
    """What a session needs of its handler: where it puts output, changes and its own end."""

    def send(
        self,
        sessions: Sequence[ServerSession],
        name: str,
        args: list[Any],
        options: dict[str, Any],
    ) -> None: ...
    def data_out(self, session: ServerSession, **messages: Any) -> None: ...
    def data_in(self, session: ServerSession, text: str) -> None: ...
    def touch(self, session: ServerSession) -> None: ...
    def disconnect(self, session: ServerSession, reason: str = "") -> None: ...
    def now(self) -> float: ...
    def run_line(self, session: ServerSession, text: str) -> Running | None: ...
    def get_inputfuncs(self) -> dict[str, Callable[..., Any]]: ...
    def all_connected_accounts(self) -> list[SessionAccount]: ...
    @property
    def game(self) -> Any: ...


class ServerSession(State):
    """One client, as the game sees it.

    Attributes:
        key: What processes call it; `sessid` is what people see.
        protocol_flags: What the client can do; change it with `update_flags` only.
        server_data: Primitives that a game keeps with the session; replicated when `touch`ed.
        cmdset_paths: Paths of the command sets that come back after a restart.
        unfinished: Number of the line whose command still waits and has shown something; 0: none.
        prompt: Number of the last prompt; the portal says with every line which it had seen.
        prompt_floor: Lines that were typed before this prompt was seen are done nowhere.
        prompt_seen: Number of the prompt that its player had seen when the last line was typed.
        is_asked: Whether a command waits for an answer, or goes on with one.
        resume: SHA-256 of the token with which a client may come back; empty: there is none.
        missed_from: Number before the first output that is kept of a link-dead session.
        as_of: Number of the last change of accounts that auth knew when it vouched for the account;
            None before the login.
        conn_time, cmd_last, cmd_last_visible: Epoch seconds; since login, last activity, last
            activity that the player meant.
    """

    snapshot_fields: ClassVar[tuple[str, ...]] = (
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
        "server_data",
        "cmdset_paths",
        "unfinished",
        "prompt",
        "prompt_floor",
        "is_asked",
        "as_of",
        "resume",
        "missed_from",
    )
    """The replicated part, which survives a restart. A subclass names its own in addition:
    `snapshot_fields = ("mine",)`, with a default as class attribute."""

    sessid: int = 0
    protocol_key: str = ""
    address: str = ""
    port: int = 0
    logged_in: bool = False
    uid: int | None = None
    uname: str | None = None
    puid: int | None = None
    puname: str | None = None
    unfinished: int = 0
    prompt: int = 0
    prompt_floor: int = 0
    prompt_seen: int = 0
    is_asked: bool = False
    as_of: int | None = None
    resume: bytes = b""
    missed_from: int = 0
    account: SessionAccount | None = None
    puppet: SessionPuppet | None = None
    cmd_total: int = 0
    conn_time: float = 0.0
    cmd_last: float = 0.0
    cmd_last_visible: float = 0.0

    def __init__(self, key: SessionKey, sessionhandler: SessionDoors) -> None:
        # Python shares the names of attributes among instances if the first ones have all of them,
        # and no more than 29: a session that shares none takes 1.3 KiB more.
        for name in _FIELDS:
            setattr(self, name, getattr(self, name))
        self.key = key
        self.sessionhandler = sessionhandler
        self.protocol_flags: dict[str, Any] = {}
        self.server_data: dict[str, Any] = {}
        self.cmdset_paths: list[str] = []
        self.cmdset: Any = None
        self.at_init()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.sessid} {self.uname or 'not logged in'}>"

    def __str__(self) -> str:
        who = f"{self.uname}(#{self.uid})" if self.logged_in else "(not logged in)"
        return f"{who}@{self.address}"

    @cached_property
    def ndb(self) -> SimpleNamespace:
        """Anything; gone when the server restarts."""
        return SimpleNamespace()

    @property
    def db(self) -> SimpleNamespace:
        """The same as `ndb`, so that code can use `.db` on whatever it is given."""
        return self.ndb

    @property
    def is_link_dead(self) -> bool:
        """Whether its connection is lost and its player may still come back."""
        return self.key.is_link_dead

    @property
    def peer(self) -> tuple[str, int]:
        return (self.address, self.port)

    # Input and output.

    def msg(self, text: Any = None, **kwargs: Any) -> None:
        """Show something to this client alone.

        Args:
            text: A string, or (string, options).
            **kwargs: Out-of-band commands by name; `prompt` is sent last.
        """
        kwargs.pop("session", None)
        kwargs.pop("from_obj", None)
        self.data_out(text=text, **kwargs)

    def data_out(self, **messages: Any) -> None:
        self.sessionhandler.data_out(self, **messages)

    def data_in(self, text: str) -> None:
        """Take a line as if the client had typed it now."""
        self.sessionhandler.data_in(self, text)

    def execute_cmd(self, raw_string: str, session: ServerSession | None = None) -> None:
        """Run a line as this session; it is not the client's, so it is not numbered or counted."""
        (session or self).data_in(raw_string)

    def disconnect(self, reason: str = "") -> None:
        """End the session: hooks run, what is unsent goes out, then the connection closes."""
        self.sessionhandler.disconnect(self, reason)

    # Prompts, each with a number that no other of this session has.

    def begin_prompt(self, text: str, hidden: bool) -> None:
        """Ask the client for a line; `hidden`: it is not to be seen while it is typed."""
        self.prompt += 1
        self.is_asked = True
        self.touch()
        self.data_out(prompt=(text, {"hidden": hidden}))

    def end_prompt(self) -> None:
        """Nobody waits for an answer any more. Idempotent."""
        if self.is_asked:
            self.is_asked = False
            self.touch()

    def interrupt_prompt(self) -> None:
        """Have what was typed at the present prompt, and what its portal reads until it knows
        that the prompt is no more, done nowhere: it may be a password."""
        self.prompt += 1
        self.prompt_floor = self.prompt
        self.is_asked = False
        self.touch()

    def is_void(self, prompt: int) -> bool:
        """Whether a line is to be done nowhere, by the prompt that was last seen before it."""
        return prompt < self.prompt_floor

    def may_be_secret(self, line: str) -> bool:
        """Whether a password may be in the line that is run: it is to be shown nowhere then.

        It may before the login, in commands for passwords, and in what was typed before a prompt
        was seen, which may have been meant as its answer.
        """
        if not self.logged_in or self.prompt_seen < self.prompt:
            return True
        return is_about_passwords(line)

    # Who is here.

    def get_account(self) -> SessionAccount | None:
        return self.account if self.logged_in else None

    def get_puppet(self) -> SessionPuppet | None:
        return self.puppet if self.logged_in else None

    get_character = get_puppet

    def get_puppet_or_account(self) -> SessionPuppet | SessionAccount | None:
        return self.get_puppet() or self.get_account()

    def get_display_name(self, looker: Any = None, **kwargs: Any) -> str:
        """The name of its puppet or account; before the login its address."""
        who = self.get_puppet_or_account()
        return who.key if who is not None else self.address

    def access(self, accessing_obj: Any, access_type: str = "read", **kwargs: Any) -> bool:
        """True: sessions have no locks, those of accounts and objects count."""
        return True

    def get_client_size(self) -> tuple[int, int]:
        """Width and height of the client's window in characters."""
        flags = self.protocol_flags
        return (
            flags.get("SCREENWIDTH") or DEFAULT_WIDTH,
            flags.get("SCREENHEIGHT") or DEFAULT_HEIGHT,
        )

    def update_flags(self, **flags: Any) -> None:
        """Change what is known of the client; its portal is told."""
        self.learn_flags(flags)

    def learn_flags(self, flags: Mapping[str, Any]) -> None:
        """Take over what the client has said of itself."""
        self.protocol_flags = {**self.protocol_flags, **flags}
        self.touch()

    def update_session_counters(self, idle: bool = False) -> None:
        """Stamp activity; `idle` is a keepalive that the player did not mean."""
        now = self.sessionhandler.now()
        self.cmd_last = now
        if not idle:
            self.cmd_total += 1
            self.cmd_last_visible = now

    def allow_resume(self, token_hash: bytes) -> None:
        """Let whoever has the token of this hash come back to the session; nobody, when empty."""
        if self.resume != token_hash:
            self.resume = token_hash
            self.touch()

    def touch(self) -> None:
        """Say that the replicated part has changed; the turn sends what differs."""
        self.sessionhandler.touch(self)

    def set_account(self, account: SessionAccount | None) -> None:
        """Bind the session to an account, or to none."""
        self.account = account
        self.uid = account.id if account else None
        self.uname = account.key if account else None
        self.logged_in = account is not None
        self.touch()

    def set_puppet(self, puppet: SessionPuppet | None) -> None:
        """Bind the session to the object it controls, or to none."""
        self.puppet = puppet
        self.puid = puppet.id if puppet else None
        self.puname = puppet.key if puppet else None
        self.touch()

    def take_connection(self, other: ServerSession) -> None:
        """Become the session of another one's connection, with all that is known of that."""
        for name in OF_CONNECTION:
            setattr(self, name, getattr(other, name))
        self.conn_time = self.sessionhandler.now()

    # State.

    def take_snapshot(self, session: AppSession, flags: SnapshotFlag) -> dict[str, object]:
        """The replicated part; for a person or an archive the key and the clocks too."""
        data = self.copied_fields(session, flags)
        if SnapshotFlag.REBOOT in flags:
            return data
        return with_connection(data | {name: getattr(self, name) for name in CLOCKS}, self.key)

    def load_snapshot(self, session: AppSession, data: Mapping[str, object]) -> None:
        """Take over a replicated part, as a portal kept it.

        A field that the class no longer has is left out: game code may drop one between two
        reloads, and that must not cost a player the session.

        Raises:
            RestoreError: The version is newer than the class, or has no way up.
        """
        for name, value in self.current_data(session, data).items():
            if name in self.snapshot_fields:
                setattr(self, name, value)

    # Hooks.

    def at_init(self) -> None:
        """The session object has been made, new or after a restart."""

    def at_sync(self) -> None:
        """The session is whole: newly connected, or restored with its account and puppet."""

    def at_login(self, account: SessionAccount) -> None:
        """An account has logged in on this session."""

    def at_disconnect(self, reason: str = "") -> None:
        """The session is about to end."""

    def at_idle_timeout(self) -> bool:
        """Nothing has come for as long as the setting `idle_timeout` says; False: it stays."""
        return True

    def at_cmdset_get(self, **kwargs: Any) -> None:
        """The session's command sets are about to be merged."""


def with_connection(data: dict[str, object], key: SessionKey) -> dict[str, object]:
    """A snapshot for a person or an archive: whose it is, and that there is a token, not which."""
    return {**data, "resume": bool(data["resume"]), "key": str(key)}


_FIELDS = tuple(name for name in ServerSession.__annotations__ if name != "snapshot_fields")
"""What every session has but its collections."""
