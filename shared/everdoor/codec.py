"""Messages to bytes and back, for the stream.

Every frame is one MessagePack array that begins with the version of the stream. Decoding parses
into a known type or refuses: unknown kinds, missing, extra and oversized fields are errors of the
peer. What older versions say differently is `everdoor.versions`'. Events and calls have their own
pairs, and a version of their own, in `everdoor.events` and `everdoor.calls`.

Source: docs/protocol.md, sections 3 and 10.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from everdoor.errors import MalformedMessage, UnsupportedVersion
from everdoor.messages.stream import (
    DownFrame,
    Hello,
    KeptOutput,
    PortalToServer,
    Row,
    ServerToPortal,
    UpFrame,
)
from everdoor.versions import OLDER

WIRE_VERSION = 2
"""The current version of the stream."""

SPOKEN_VERSIONS = (1, 2)
"""It and the one before: portals and server can be brought to a new release one by one."""

MAX_FRAME_BYTES = 1024 * 1024
"""A frame above this is refused unread; a larger message travels in parts.

One megabyte is some thousand times a usual frame, and small enough that a thousand of them
in flight do not hurt a machine.
"""

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""Most that the parts of one message may add up to: a hello with some 100 000 copies."""

T = TypeVar("T")

_encoder = msgspec.msgpack.Encoder()
_up_frames = msgspec.msgpack.Decoder(UpFrame)
_down_frames = msgspec.msgpack.Decoder(DownFrame)
_up_messages: msgspec.msgpack.Decoder[PortalToServer] = msgspec.msgpack.Decoder(PortalToServer)
_down_messages: msgspec.msgpack.Decoder[ServerToPortal] = msgspec.msgpack.Decoder(ServerToPortal)
_states: msgspec.msgpack.Decoder[dict[str, Any]] = msgspec.msgpack.Decoder(dict[str, Any])
_kept = msgspec.msgpack.Decoder(KeptOutput)
_rows = msgspec.msgpack.Decoder(Row)
_older_up_frames = {
    version: msgspec.msgpack.Decoder(older.frame) for version, older in OLDER.items()
}


def encode(value: object) -> bytes:
    """Encode a frame or a message."""
    return _encoder.encode(value)


def encode_down(version: int, epoch: int, k: int, message: bytes) -> bytes:
    """Encode a frame to a portal around a message that is encoded already.

    A row is encoded once, stored in the outbox, and sent in as many epochs as it takes.
    """
    return _encoder.encode((version, epoch, k, msgspec.Raw(message)))


def encode_said(version: int, message: ServerToPortal) -> bytes:
    """Encode a message of the server in a version, for `encode_down`."""
    older = OLDER.get(version)
    return _encoder.encode(message if older is None else older.said_by_server(message))


def encode_up_frame(frame: UpFrame) -> bytes:
    """Encode a frame to the server in the version that it bears."""
    older = OLDER.get(frame.version)
    return _encoder.encode(frame if older is None else older.from_current(frame))


def encode_up_message(version: int, message: Hello) -> bytes:
    """Encode a hello in a version, for `encode_up` or to be cut into parts."""
    older = OLDER.get(version)
    return _encoder.encode(message if older is None else older.said_by_portal(message))


def encode_up(version: int, epoch: int, k: int, message: bytes) -> bytes:
    """Encode a frame to the server around one message that is encoded already."""
    return _encoder.encode((version, epoch, k, (msgspec.Raw(message),)))


def decode_up(frame: bytes) -> UpFrame:
    """Parse a frame from a portal, in the messages of the current version.

    Raises:
        MalformedMessage: The frame breaks the layout or is above MAX_FRAME_BYTES.
        UnsupportedVersion: The frame begins with a version that is not spoken here.
    """
    version = _check_frame(frame)
    if version in OLDER:
        return OLDER[version].to_current(_decode(_older_up_frames[version], frame))
    return _decode(_up_frames, frame)


def decode_down(frame: bytes) -> DownFrame:
    """Parse a frame from the server; errors as for `decode_up`."""
    _check_frame(frame)
    return _decode(_down_frames, frame)


def decode_up_message(data: bytes) -> PortalToServer:
    """Parse one message, joined from its parts.

    Raises:
        MalformedMessage: It is not a message of this direction.
    """
    return _decode(_up_messages, data)


def decode_down_message(data: bytes) -> ServerToPortal:
    """Parse one message, joined from its parts; errors as for `decode_up_message`."""
    return _decode(_down_messages, data)


def decode_row(data: bytes) -> Row:
    """Parse a row as the outbox stores it; errors as for `decode_up_message`."""
    return _decode(_rows, data)


def decode_state(data: bytes) -> dict[str, Any]:
    """Parse the state of a session as the roster stores it; errors as for `decode_up_message`."""
    return _decode(_states, data)


def decode_kept(data: bytes) -> KeptOutput:
    """Parse an output that a link-dead session misses, as it is stored; errors likewise."""
    return _decode(_kept, data)


def _check_frame(frame: bytes) -> int:
    """Check size and version before the rest is looked at; returns the version."""
    if len(frame) > MAX_FRAME_BYTES:
        raise MalformedMessage(f"a frame of {len(frame)} bytes, at most {MAX_FRAME_BYTES} allowed")
    version = frame_version(frame)
    if version not in SPOKEN_VERSIONS:
        raise UnsupportedVersion(version, SPOKEN_VERSIONS)
    return version


def frame_version(frame: bytes) -> int:
    """Read the version of a frame without decoding the rest.

    Raises:
        MalformedMessage: The frame does not begin as a MessagePack array with a small integer.
    """
    if len(frame) < 2 or not 0x91 <= frame[0] <= 0x9F or frame[1] > 0x7F:
        raise MalformedMessage("a frame that does not begin with its version")
    return frame[1]


def _decode(decoder: msgspec.msgpack.Decoder[T], data: bytes) -> T:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedMessage(str(exc)) from exc
