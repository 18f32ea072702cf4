"""Messages of the stream between a portal and the game server.

One union per direction. A message says what happened to which connection (`conn`, counted within
the portal's incarnation); the numbering of frames, acknowledgement and resend are in
`everdoor.stream`. Source: docs/protocol.md, sections 3 and 4.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from everdoor.ids import Incarnation, RowId

MAX_TEXT_BYTES = 64 * 1024
"""Longest text of one input: four times what MAX_CHAR_LIMIT allows in UTF-8, and some room."""

MAX_NAME = 200
"""Longest name or reason, in characters."""

Count = Annotated[int, Meta(ge=0)]
Name = Annotated[str, Meta(max_length=MAX_NAME)]
Text = Annotated[str, Meta(max_length=MAX_TEXT_BYTES)]
TokenHash = Annotated[bytes, Meta(max_length=32)]
Ticket = Annotated[bytes, Meta(max_length=32)]
Flags = dict[Annotated[str, Meta(max_length=64)], Any]


class Message(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A message is `[name, ...fields]`, its fields in the order of the class."""


# From portal to server.


class KeptOutput(Message, frozen=True):
    """An output to one client, kept until that has it: as Output, without receivers."""

    name: Name
    args: list[Any]
    options: dict[str, Any]


class Copy(Message, frozen=True):
    """What a portal holds of one session, as it says in its hello.

    `cursor` is the last input the server has completed (0: the server has not answered its
    `connected` yet, and `state` is None). `state` is the REBOOT snapshot of the ServerSession.
    Clocks travel as ages in seconds: since it connected (or logged in), since the last activity,
    since the last activity that the player meant. `cmd_total` counts completed lines.

    Of a session with a resume token: `shown` is the number of the last output that was applied,
    `kept` are the last of those that its client has not confirmed.
    """

    conn: Count
    cursor: Count
    state: dict[str, Any] | None
    conn_age_s: float
    idle_s: float
    idle_visible_s: float
    cmd_total: Count
    shown: Count = 0
    kept: list[KeptOutput] = []


class Hello(Message, frozen=True, tag="hello"):
    """Opens an epoch: who the portal is, the last row it applied, its copies.

    `host` names the machine, so that a server on the same one can see in the portal's lock
    whether the incarnation still lives.
    """

    portal: Name
    incarnation: Incarnation
    host: Name
    last: RowId
    copies: list[Copy]


class Connected(Message, frozen=True, tag="connected"):
    """A client has connected. Always input 1 of its connection.

    `port` is the client's own, 0 where the transport has none; `age_s` how long ago it connected.
    `resume` is the hash of the token with which it comes back to a session, empty: it does not;
    `seen` the number of the last output that it has of that. `ticket` is what auth has issued for
    this connection to an account that its client has shown to be its own, empty: it has not.
    """

    conn: Count
    seq: Count
    protocol_key: Name
    address: Name
    port: Count
    flags: Flags
    age_s: float
    resume: TokenHash = b""
    seen: Count = 0
    ticket: Ticket = b""


class Input(Message, frozen=True, tag="input"):
    """A line that the client typed.

    `prompt` is the number of the last prompt that the portal knew of when the line was read
    (0: none): a line that was meant for a prompt which a restart has ended is done nowhere.
    """

    conn: Count
    seq: Count
    text: Text
    prompt: Count = 0


class FlagsChanged(Message, frozen=True, tag="flags"):
    """What the client can do has changed: only the flags that differ."""

    conn: Count
    seq: Count
    flags: Flags


class Token(Message, frozen=True, tag="token"):
    """The client has got a token with which it may come back to this session; only its SHA-256
    is said. One that it had before is void."""

    conn: Count
    seq: Count
    hash: TokenHash


class Seen(Message, frozen=True, tag="seen"):
    """The client has all outputs up to this number."""

    conn: Count
    seq: Count
    number: Count


class OutOfBand(Message, frozen=True, tag="oob"):
    """The client said something that is no line: call the input function `name` with them."""

    conn: Count
    seq: Count
    name: Name
    args: list[Any]
    options: dict[str, Any]


class Resume(Message, frozen=True, tag="resume"):
    """The client, which is connected already and not logged in, comes back to a session: as
    `resume` and `seen` of a `connected`."""

    conn: Count
    seq: Count
    hash: TokenHash
    seen: Count


class Disconnected(Message, frozen=True, tag="disconnected"):
    """The client's connection has ended; the last input of its connection.

    `clean` is true for an end that the player meant (telnet's end of file, WebSocket 1000).
    """

    conn: Count
    seq: Count
    reason: Name
    clean: bool


class Ack(Message, frozen=True, tag="ack"):
    """The portal has applied every row up to and including `last`."""

    last: RowId


class Deaths(Message, frozen=True, tag="deaths"):
    """Lines under which servers have died: (conn, seq, how many), each the first of its session
    that is not complete. Said after `welcome`, before the inputs."""

    lines: list[tuple[Count, Count, Count]]


class Noted(Message, frozen=True, tag="noted"):
    """Answers `Suspect`: should the server die now, it is of this line."""

    conn: Count
    seq: Count


class Part(Message, frozen=True, tag="part"):
    """A piece of a message too large for one frame; the pieces joined are its encoding."""

    index: Count
    total: Count
    data: bytes


Numbered = Connected | Input | OutOfBand | FlagsChanged | Token | Seen | Resume | Disconnected
"""Inputs: each carries the next `seq` of its connection, from 1."""

PortalToServer = Hello | Numbered | Ack | Deaths | Noted | Part


# From server to portal.


class Output(Message, frozen=True):
    """Something to show: `name(*args, **options)` for each connection in `to`.

    `name` is `text`, `prompt` or an out-of-band command. The receivers of one portal share one
    Output.
    """

    to: list[Count]
    name: Name
    args: list[Any]
    options: dict[str, Any]


class Row(Message, frozen=True, tag="row"):
    """What one committed turn says to one portal; applied as a whole, in this order.

    `cursors`: (conn, seq) up to which inputs are complete. `changes`: (conn, the fields of the
    session's state that changed). `outputs`: in the order in which clients see them. `closes`:
    (conn, reason); what is still unsent goes out first, later inputs are discarded.
    """

    id: RowId
    cursors: list[tuple[Count, Count]]
    changes: list[tuple[Count, dict[str, Any]]]
    outputs: list[Output]
    closes: list[tuple[Count, Name]]


class Welcome(Message, frozen=True, tag="welcome"):
    """Answers a hello: the epoch is open, and the rows the portal lacks follow.

    `died`: the generation before this one has ended without meaning to.
    """

    generation: Count
    died: bool = False


class Beat(Message, frozen=True, tag="beat"):
    """Says only that the server lives (a portal says the same with a frame without messages)."""


class Suspect(Message, frozen=True, tag="suspect"):
    """This line of which servers may have died is run next, alone, once the portal has noted it."""

    conn: Count
    seq: Count


class Resync(Message, frozen=True, tag="resync"):
    """The server cannot use what came in this epoch; the portal opens a new one."""

    reason: Name


class Refused(Message, frozen=True, tag="refused"):
    """The server will not have this portal: a code of docs/protocol.md, section 7, and why."""

    code: Name
    text: Name


ServerToPortal = Row | Welcome | Beat | Suspect | Resync | Refused | Part


# Frames.


class UpFrame(Message, frozen=True):
    """One frame from a portal: `[version, epoch, k, messages]`.

    `epoch` counts the portal's connections within its incarnation, `k` the frames within the
    epoch, both from 1. No messages: a heartbeat.
    """

    version: int
    epoch: Count
    k: Count
    messages: list[PortalToServer]


class DownFrame(Message, frozen=True):
    """One frame to a portal: `[version, epoch, k, message]`.

    `k` counts the frames of the epoch from 1; 0 stands outside the numbering (a refusal of, or
    a resync for, an epoch that the server does not have).
    """

    version: int
    epoch: Count
    k: Count
    message: ServerToPortal
