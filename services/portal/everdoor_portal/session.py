"""The portal's end of a session: one client's connection, whatever its protocol.

Holds what the portal knows of the client, the input that the server has not completed, and the
copy of the server's half. A protocol is a subclass with the doors to its transport (`send_text`,
`disconnect`, `pause_reading`, `resume_reading`, `flush` where it gathers) and a `send_<name>` for
each further kind of output that it can show; nothing here opens a socket. How one is written:
docs/new-protocol.md.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from everdoor.ids import SessionKey
from everdoor.messages.stream import Numbered
from everdoor.outputlog import OutputLog
from everdoor_portal.copies import SessionCopy
from everdoor_portal.limits import UNLIMITED, Allowance
from everdoor_portal.render.kinds import DEFAULT_KIND, kind_of

MAX_HELD_BYTES = 64 * 1024
"""Text of unanswered lines of one session before reading from its client pauses."""


class SessionDoors(Protocol):
    """What a session needs of its handler."""

    def data_in(self, session: PortalSession, text: str) -> None: ...
    def flags_in(self, session: PortalSession, flags: dict[str, Any]) -> None: ...
    def keepalive(self, session: PortalSession) -> None: ...
    def client_left(self, session: PortalSession, reason: str, clean: bool) -> None: ...


class SessionHooks:
    """What a protocol may have and need not: each of these does nothing."""

    __slots__ = ()

    def at_login(self) -> None:
        """Somebody has logged in: a hook for protocols that tell their client so."""

    def at_server_away(self, is_away: bool) -> None:
        """The game is away for so long that players are told, or here again: a hook likewise."""

    def send_default(self, name: str, args: list[Any], options: dict[str, Any]) -> None:
        """Show an output that the protocol has no name for: by default, not at all."""

    def send_token(self, token: bytes) -> None:
        """Give the client the token with which it may come back; the outputs that follow are
        numbered from 1. By default it is not given: the protocol knows of no such thing."""

    def send_away(self, text: str) -> bool:
        """Have the client leave and come back by itself, and read on until it has left; False: it
        knows of no such thing. Idempotent."""
        return False

    def flush(self) -> None:
        """Hand what `send_...` gathered to the transport."""

    def show_input(self) -> None:
        """Let the client show again what is typed, which a prompt for a password had hidden."""


class PortalSession(SessionHooks, ABC):
    """One client.

    Attributes:
        key: Given by the handler at `connect`.
        protocol_flags: What the client can do, as it has said; `learn_flags` changes them.
        kind: What that means for how texts are rendered.
        held: Inputs that the server has not completed, oldest first.
        copy: The server's half.
        deaths: Servers that may have died of an input, and its number: (seq, how many).
        noted: The input that the server has said to run alone; 0: none.
        token: With which its client may come back; empty: none was made.
        output_log: The outputs that the client may lack then; None: the server knows of no token.
        allowance: Lines that it may send; `is_warned` once its player was told of that.
        conn_time, cmd_last, cmd_last_visible: Monotonic seconds.
        has_client: False once the client has left; the session stays until the server knows.
    """

    # Slots: there are more names than Python lets the instances of a class share.
    __slots__ = (
        "address",
        "allowance",
        "cmd_last",
        "cmd_last_visible",
        "cmd_total",
        "conn_time",
        "copy",
        "deaths",
        "has_client",
        "held",
        "held_bytes",
        "is_paused",
        "is_warned",
        "key",
        "kind",
        "next_seq",
        "noted",
        "output_log",
        "port",
        "protocol_flags",
        "sessionhandler",
        "timed",
        "token",
    )

    protocol_key: ClassVar[str] = ""

    def __init__(self, address: str, port: int) -> None:
        self.key = SessionKey("", 0, 0)
        self.address = address
        self.port = port
        self.protocol_flags: dict[str, Any] = {}
        self.kind = DEFAULT_KIND
        # No deque: an empty one takes 760 bytes, and most are empty.
        self.held: list[Numbered] = []
        self.held_bytes = 0
        self.next_seq = 1
        self.copy = SessionCopy()
        self.deaths = (0, 0)
        self.timed = (0, 0.0)
        self.noted = 0
        self.token = b""
        self.output_log: OutputLog | None = None
        self.conn_time = 0.0
        self.cmd_last = 0.0
        self.cmd_last_visible = 0.0
        self.cmd_total = 0
        self.has_client = True
        self.is_paused = False
        self.is_warned = False
        self.allowance: Allowance = UNLIMITED
        self.sessionhandler: SessionDoors | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key} {self.uname or 'not logged in'}>"

    @property
    def peer(self) -> tuple[str, int]:
        return (self.address, self.port)

    # The server's half, as copied.

    @property
    def sessid(self) -> int:
        """What people call it; 0 until the server has given it."""
        return int(self.copy.get("sessid", 0))

    @property
    def logged_in(self) -> bool:
        return bool(self.copy.get("logged_in", False))

    @property
    def uid(self) -> int | None:
        uid: int | None = self.copy.get("uid")
        return uid

    @property
    def uname(self) -> str | None:
        uname: str | None = self.copy.get("uname")
        return uname

    @property
    def puid(self) -> int | None:
        puid: int | None = self.copy.get("puid")
        return puid

    @property
    def puname(self) -> str | None:
        puname: str | None = self.copy.get("puname")
        return puname

    @property
    def prompt(self) -> int:
        """Number of the prompt that the client saw last; 0: none yet."""
        return int(self.copy.get("prompt", 0))

    @property
    def server_connected(self) -> bool:
        """Whether the server has answered the connection."""
        return self.copy.state is not None

    def sync(self, change: Mapping[str, Any]) -> None:
        """Take over what the server says has changed of its half."""
        was_logged_in = self.logged_in
        self.copy.apply(change)
        if flags := change.get("protocol_flags"):
            self.learn_flags(flags)
            if self.protocol_flags == flags:
                # As it is mostly: then there is one of it, here and in the copy.
                self.protocol_flags = flags
        if self.logged_in and not was_logged_in:
            self.at_login()

    # From the client.

    def learn_flags(self, flags: Mapping[str, Any]) -> None:
        """Take over what is newly known of the client, from itself or from the server."""
        self.protocol_flags = {**self.protocol_flags, **flags}
        self.kind = kind_of(self.protocol_flags)

    def data_in(self, text: str) -> None:
        """Take a line that the client typed."""
        if self.sessionhandler is not None:
            self.sessionhandler.data_in(self, text)

    # To the client.

    def data_out(self, name: str, args: list[Any], options: dict[str, Any]) -> None:
        """Show one output: `send_<name>(args, options)` when the protocol has it, else
        `send_default(name, args, options)`."""
        send: Callable[[list[Any], dict[str, Any]], None] | None
        send = getattr(self, f"send_{name}", None)
        if send is not None:
            send(args, options)
        else:
            self.send_default(name, args, options)

    @abstractmethod
    def send_text(self, args: list[Any], options: dict[str, Any]) -> None:
        """Show text, marked up: `args[0]`; `render.renderer` makes of it what a client shows."""

    # Doors of a protocol.

    def unsent_bytes(self) -> int:
        """How much waits until the client takes it; a protocol that cannot tell says 0."""
        return 0

    @abstractmethod
    def disconnect(self, reason: str = "") -> None:
        """Send what is unsent, then close the connection. Idempotent."""

    @abstractmethod
    def pause_reading(self) -> None:
        """Read no more from the client, so that its transport holds it back."""

    @abstractmethod
    def resume_reading(self) -> None:
        """Read on."""
