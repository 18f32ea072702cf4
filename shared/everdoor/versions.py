"""Older versions of the stream: what they say differently, and the way from and to them.

Everybody else knows the messages of the current version only (`everdoor.messages.stream`). A
version that says nothing differently is not here; bytes are `everdoor.codec`'s. Rows are the same
in every version: they are stored.

    version 1    a `connected` has no `age_s` (taken as 0), an `input` no `prompt` (as if the last
                 one of its session had been seen: its portal cannot say that it had not);
                 a `welcome` has no `died`, and there are no `deaths`, `noted` and `suspect`: with
                 a peer of version 1 no line is ever taken for the death of a server; a `connected`
                 has no `resume`, `seen` and `ticket` (who has one logs in like any other), a copy
                 no `shown` and `kept`, and there are no `token` and `seen` (said as `flags` that
                 say nothing, to keep their number): with a peer of version 1 no
                 output is kept for a client that comes back; nor are there `oob`
                 and `resume` (said likewise): what a client says out of band stays
                 with its portal

Source: docs/protocol.md, section 10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec.structs import astuple

from everdoor.ids import Incarnation, RowId
from everdoor.messages.stream import (
    Ack,
    Connected,
    Copy,
    Count,
    Deaths,
    Disconnected,
    Flags,
    FlagsChanged,
    Hello,
    Input,
    Message,
    Name,
    Noted,
    OutOfBand,
    Part,
    PortalToServer,
    Resume,
    Seen,
    ServerToPortal,
    Text,
    Token,
    UpFrame,
    Welcome,
)

LAST_PROMPT = 2**63 - 1
"""Stands for the number of whichever prompt came last: no session gets that far."""

# Version 1.


class Connected1(Message, frozen=True, tag="connected"):
    """A client has connected; when is not said."""

    conn: Count
    seq: Count
    protocol_key: Name
    address: Name
    port: Count
    flags: Flags


class Input1(Message, frozen=True, tag="input"):
    """A line that the client typed, whatever prompt was showing."""

    conn: Count
    seq: Count
    text: Text


class Welcome1(Message, frozen=True, tag="welcome"):
    """Answers a hello; how the generation before ended is not said."""

    generation: Count


class Copy1(Message, frozen=True):
    """What a portal holds of one session, its last outputs left out."""

    conn: Count
    cursor: Count
    state: dict[str, Any] | None
    conn_age_s: float
    idle_s: float
    idle_visible_s: float
    cmd_total: Count


class Hello1(Message, frozen=True, tag="hello"):
    """Opens an epoch."""

    portal: Name
    incarnation: Incarnation
    host: Name
    last: RowId
    copies: list[Copy1]


PortalToServer1 = Hello1 | Connected1 | Input1 | FlagsChanged | Disconnected | Ack | Part


class UpFrame1(Message, frozen=True):
    """One frame from a portal: as UpFrame, with messages of version 1."""

    version: int
    epoch: Count
    k: Count
    messages: list[PortalToServer1]


def from_1(frame: UpFrame1) -> UpFrame:
    """Bring a frame of version 1 to the messages of the current one; it keeps its version."""
    messages = [_from_1(message) for message in frame.messages]
    return UpFrame(frame.version, frame.epoch, frame.k, messages)


def to_1(frame: UpFrame) -> UpFrame1:
    """Bring a frame of the current messages to those of version 1; it keeps its version."""
    messages = [said for message in frame.messages if (said := _to_1(message)) is not None]
    return UpFrame1(frame.version, frame.epoch, frame.k, messages)


def welcome_to_1(message: ServerToPortal) -> ServerToPortal | Welcome1:
    """Bring what the server says to version 1."""
    return Welcome1(message.generation) if isinstance(message, Welcome) else message


def _from_1(message: PortalToServer1) -> PortalToServer:
    match message:
        case Connected1(conn, seq, protocol_key, address, port, flags):
            return Connected(conn, seq, protocol_key, address, port, flags, 0.0)
        case Input1(conn, seq, text):
            return Input(conn, seq, text, LAST_PROMPT)
        case Hello1(portal, incarnation, host, last, copies):
            current = [Copy(*astuple(copy)) for copy in copies]
            return Hello(portal, incarnation, host, last, current)
        case _:
            return message


def _to_1(message: PortalToServer) -> PortalToServer1 | None:
    match message:
        case Deaths() | Noted():
            return None
        case Connected(conn, seq, protocol_key, address, port, flags):
            return Connected1(conn, seq, protocol_key, address, port, flags)
        case Token() | Seen() | OutOfBand() | Resume():
            return FlagsChanged(message.conn, message.seq, {})
        case Hello(portal, incarnation, host, last, copies):
            older = [Copy1(*astuple(copy)[: len(Copy1.__struct_fields__)]) for copy in copies]
            return Hello1(portal, incarnation, host, last, older)
        case Input(conn, seq, text):
            return Input1(conn, seq, text)
        case _:
            return message


# All of them.


class Older(NamedTuple):
    """How frames and messages of portals, and messages of the server, are said in an older version.

    A message of a portal may be one that the version cannot say: None.
    """

    frame: type[UpFrame1]
    to_current: Callable[[UpFrame1], UpFrame]
    from_current: Callable[[UpFrame], UpFrame1]
    said_by_portal: Callable[[PortalToServer], PortalToServer1 | None]
    said_by_server: Callable[[ServerToPortal], ServerToPortal | Welcome1]


OLDER: Mapping[int, Older] = {1: Older(UpFrame1, from_1, to_1, _to_1, welcome_to_1)}
"""By version; one that is not here says what the current one says."""
