"""Frames and messages to bytes and back; what must be refused, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor import codec
from everdoor.errors import MalformedMessage, ProtocolError, UnsupportedVersion
from everdoor.ids import NO_ROW, Incarnation, RowId
from everdoor.messages.stream import (
    MAX_NAME,
    MAX_TEXT_BYTES,
    Ack,
    Beat,
    Connected,
    Copy,
    Disconnected,
    DownFrame,
    FlagsChanged,
    Hello,
    Input,
    OutOfBand,
    Output,
    Part,
    PortalToServer,
    Refused,
    Resume,
    Resync,
    Row,
    ServerToPortal,
    UpFrame,
    Welcome,
)

MESSAGES_UP: list[PortalToServer] = [
    Hello("p", Incarnation(1, 2**64 - 1), "here", NO_ROW, []),
    Hello("p", Incarnation(1, 0), "here", RowId(2, 3), [Copy(1, 2, {"a": None}, 0.5, 1.0, 2.0, 3)]),
    Connected(1, 1, "telnet", "2001:db8::1", 65535, {"ANSI": True, "names": ["a", "b"]}, 0.0),
    Input(1, 2, "", 0),
    Input(1, 2, "Grüße \N{GRINNING FACE}\0", 2**32),
    FlagsChanged(1, 3, {}),
    OutOfBand(1, 3, "", [], {}),
    OutOfBand(1, 3, "get_value", [1, -2.5, None, {"a": [True]}], {"name": "Grüße"}),
    Resume(1, 3, b"\xff" * 32, 2**32),
    Disconnected(1, 2**64 - 1, "", False),
    Ack(RowId(1, 1)),
    Part(0, 1, b""),
]

MESSAGES_DOWN: list[ServerToPortal] = [
    Row(RowId(1, 1), [], [], [], []),
    Row(
        RowId(1, 2),
        [(1, 2)],
        [(1, {"uid": 5})],
        [Output([1, 2], "text", ["hi", b"\xff", 1.5, None, [True]], {"type": "say"})],
        [(2, "bye")],
    ),
    Welcome(1),
    Beat(),
    Resync("no hello"),
    Refused("stale", "a newer epoch is known"),
    Part(1, 2, b"\0" * 100),
]


@pytest.mark.parametrize("message", MESSAGES_UP, ids=lambda message: type(message).__name__)
def test_frame_up_comes_back_as_it_was(message: PortalToServer) -> None:
    frame = UpFrame(codec.WIRE_VERSION, 1, 1, [message, message])
    assert codec.decode_up(codec.encode_up_frame(frame)) == frame


@pytest.mark.parametrize("message", MESSAGES_DOWN, ids=lambda message: type(message).__name__)
def test_frame_down_comes_back_as_it_was(message: ServerToPortal) -> None:
    frame = DownFrame(codec.WIRE_VERSION, 1, 0, message)
    assert codec.decode_down(codec.encode(frame)) == frame


@pytest.mark.parametrize("message", MESSAGES_UP, ids=lambda message: type(message).__name__)
def test_message_up_comes_back_as_it_was(message: PortalToServer) -> None:
    assert codec.decode_up_message(codec.encode(message)) == message


@pytest.mark.parametrize("message", MESSAGES_DOWN, ids=lambda message: type(message).__name__)
def test_message_down_comes_back_as_it_was(message: ServerToPortal) -> None:
    assert codec.decode_down_message(codec.encode(message)) == message


def test_frame_around_an_encoded_message_is_the_frame_of_the_message() -> None:
    row, hello = MESSAGES_DOWN[1], MESSAGES_UP[0]
    down = codec.encode_down(codec.WIRE_VERSION, 2, 3, codec.encode(row))
    assert down == codec.encode(DownFrame(codec.WIRE_VERSION, 2, 3, row))
    up = codec.encode_up(codec.WIRE_VERSION, 2, 3, codec.encode(hello))
    assert up == codec.encode(UpFrame(codec.WIRE_VERSION, 2, 3, [hello]))


def test_row_is_read_as_the_outbox_stores_it() -> None:
    assert codec.decode_row(codec.encode(MESSAGES_DOWN[1])) == MESSAGES_DOWN[1]
    with pytest.raises(MalformedMessage):
        codec.decode_row(codec.encode(Beat()))


def test_field_with_a_default_may_be_left_out() -> None:
    frame = msgspec.msgpack.encode([codec.WIRE_VERSION, 1, 1, [["input", 1, 2, "look"]]])
    assert codec.decode_up(frame).messages == [Input(1, 2, "look", 0)]


def up(*message: Any) -> list[Any]:
    return [codec.WIRE_VERSION, 1, 1, [list(message)]]


MALFORMED_UP = [
    ("no version", []),
    ("a number", 1),
    ("a map", {"version": 1}),
    ("version as text", ["1", 1, 1, []]),
    ("no messages", [2, 1, 1]),
    ("one element more", [2, 1, 1, [], 0]),
    ("messages as a map", [2, 1, 1, {}]),
    ("negative epoch", [2, -1, 1, []]),
    ("negative k", [2, 1, -1, []]),
    ("k as a float", [2, 1, 1.5, []]),
    ("k above 64 bits", [2, 1, 1e30, []]),
    ("unknown name", up("shout", 1, 1)),
    ("name of the other direction", up("welcome", 1)),
    ("message without a name", up()),
    ("missing field", up("input", 1, 2)),
    ("extra field", up("input", 1, 2, "a", 0, 0)),
    ("text as bytes", up("input", 1, 2, b"a")),
    ("text too long", up("input", 1, 2, "x" * (MAX_TEXT_BYTES + 1))),
    ("negative conn", up("input", -1, 2, "a")),
    ("seq as text", up("input", 1, "2", "a")),
    ("seq as a bool", up("input", 1, True, "a")),
    ("reason too long", up("disconnected", 1, 2, "x" * (MAX_NAME + 1), True)),
    ("clean as a number", up("disconnected", 1, 2, "x", 1)),
    ("flag name too long", up("flags", 1, 2, {"x" * 65: 1})),
    ("flag name a number", up("flags", 1, 2, {1: 1})),
    ("row id of three", up("ack", [1, 1, 1])),
    ("incarnation of one", up("hello", "p", [1], "here", [0, 0], [])),
    ("copy with a bad state", up("hello", "p", [1, 1], "h", [0, 0], [[1, 1, [], 0, 0, 0, 0]])),
    ("part without data", up("part", 0, 1, None)),
]


@pytest.mark.parametrize(("why", "frame"), MALFORMED_UP, ids=[why for why, _ in MALFORMED_UP])
def test_frame_up_that_breaks_the_layout_is_refused(why: str, frame: Any) -> None:
    with pytest.raises(MalformedMessage):
        codec.decode_up(msgspec.msgpack.encode(frame))


MALFORMED_DOWN = [
    ("message of the other direction", ["input", 1, 2, "a", 0]),
    ("messages in an array", [["beat"]]),
    ("row without closes", ["row", [1, 1], [], [], []]),
    ("change with a number as a name", ["row", [1, 1], [], [[1, {1: 1}]], [], []]),
    ("option with a number as a name", ["row", [1, 1], [], [], [[[1], "text", [], {1: 1}]], []]),
    ("output with a long name", ["row", [1, 1], [], [], [[[1], "x" * 201, [], {}]], []]),
    ("close with a long reason", ["row", [1, 1], [], [], [], [[1, "x" * 201]]]),
    ("close without a reason", ["row", [1, 1], [], [], [], [[1, None]]]),
]


@pytest.mark.parametrize(("why", "message"), MALFORMED_DOWN, ids=[why for why, _ in MALFORMED_DOWN])
def test_frame_down_that_breaks_the_layout_is_refused(why: str, message: Any) -> None:
    with pytest.raises(MalformedMessage):
        codec.decode_down(msgspec.msgpack.encode([codec.WIRE_VERSION, 1, 1, message]))


BAD_BYTES = [
    ("nothing", b""),
    ("one byte", b"\x94"),
    ("cut off", codec.encode(UpFrame(codec.WIRE_VERSION, 1, 1, [Input(1, 2, "look")]))[:-1]),
    ("something behind it", codec.encode(UpFrame(codec.WIRE_VERSION, 1, 1, [])) + b"\0"),
    ("text that is no UTF-8", b"\x94\x02\x01\x01\x91\x95\xa5input\x01\x02\xa2\xff\xfe\x00"),
    ("array of 16-bit length", b"\xdc\x00\x04\x01\x01\x01\x90"),
    ("version of two bytes", b"\x94\xcc\x81\x01\x01\x90"),
    ("length that is not there", b"\x94\x02\x01\x01\xdd\xff\xff\xff\xff"),
    ("map whose key is a map", b"\x94\x02\x01\x01\x91\x94\xa5flags\x01\x02\x81\x80\x01"),
    (
        "nested beyond measure",
        b"\x94\x02\x01\x01\x91\x94\xa5flags\x01\x02\x81\xa1a" + b"\x91" * 10**5,
    ),
]


@pytest.mark.parametrize(("why", "data"), BAD_BYTES, ids=[why for why, _ in BAD_BYTES])
def test_bytes_that_are_no_frame_are_refused(why: str, data: bytes) -> None:
    for decode in (codec.decode_up, codec.decode_down):
        with pytest.raises(MalformedMessage):
            decode(data)


def frame_of(size: int) -> bytes:
    header = (
        len(codec.encode(UpFrame(codec.WIRE_VERSION, 1, 1, [Part(0, 1, b"\0" * 70_000)]))) - 70_000
    )
    return codec.encode(UpFrame(codec.WIRE_VERSION, 1, 1, [Part(0, 1, b"\0" * (size - header))]))


def test_frame_of_the_largest_size_is_taken_and_one_byte_more_refused() -> None:
    largest = frame_of(codec.MAX_FRAME_BYTES)
    assert len(largest) == codec.MAX_FRAME_BYTES
    codec.decode_up(largest)
    with pytest.raises(MalformedMessage, match=f"{codec.MAX_FRAME_BYTES + 1} bytes"):
        codec.decode_up(frame_of(codec.MAX_FRAME_BYTES + 1))


def test_text_of_the_largest_size_is_taken() -> None:
    frame = UpFrame(codec.WIRE_VERSION, 1, 1, [Input(1, 2, "\N{GRINNING FACE}" * MAX_TEXT_BYTES)])
    assert codec.decode_up(codec.encode_up_frame(frame)) == frame


@pytest.mark.parametrize("version", [0, 3, 127])
@pytest.mark.parametrize("decode", [codec.decode_up, codec.decode_down])
def test_frame_of_another_version_is_told_apart_from_a_bad_one(
    decode: Callable[[bytes], object], version: int
) -> None:
    with pytest.raises(UnsupportedVersion) as caught:
        decode(msgspec.msgpack.encode([version, "whatever", {"it": "holds"}]))
    assert (caught.value.theirs, caught.value.ours) == (version, codec.SPOKEN_VERSIONS)
    assert f"wire version {version}, this process speaks 1 and 2" in str(caught.value)


DECODERS: list[Callable[[bytes], object]] = [
    codec.decode_up,
    codec.decode_down,
    codec.decode_up_message,
    codec.decode_down_message,
    codec.decode_row,
]

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=20,
)

NAMES = [item.__struct_config__.tag for item in map(type, [*MESSAGES_UP, *MESSAGES_DOWN])]


@given(st.binary(max_size=200))
def test_random_bytes_raise_only_what_is_documented(data: bytes) -> None:
    decode_all(data)
    for version in codec.SPOKEN_VERSIONS:
        decode_all(bytes([0x94, version, 1, 1]) + data)


@given(st.sampled_from(codec.SPOKEN_VERSIONS), st.sampled_from(NAMES), st.lists(values, max_size=8))
def test_random_fields_raise_only_what_is_documented(
    version: int, name: str, fields: list[Any]
) -> None:
    message = [name, *fields]
    for value in (message, [version, 1, 1, message], [version, 1, 1, [message]]):
        decode_all(msgspec.msgpack.encode(value))


@given(
    st.sampled_from([*MESSAGES_UP, *MESSAGES_DOWN]),
    st.integers(min_value=0),
    st.integers(min_value=0, max_value=255),
)
def test_frame_with_one_wrong_byte_raises_only_what_is_documented(
    message: Any, place: int, byte: int
) -> None:
    for value in ([2, 1, 1, message], [2, 1, 1, [message]]):
        data = bytearray(codec.encode(value))
        data[place % len(data)] = byte
        decode_all(bytes(data))


def decode_all(data: bytes) -> None:
    for decode in DECODERS:
        try:
            decode(data)
        except ProtocolError:
            pass
