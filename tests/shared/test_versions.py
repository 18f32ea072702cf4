"""Frames of the version before: what they say differently, read and written."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import structs

from everdoor import codec
from everdoor.errors import MalformedMessage
from everdoor.ids import NO_ROW, Incarnation, RowId
from everdoor.messages.stream import (
    Ack,
    Beat,
    Connected,
    Copy,
    Deaths,
    Disconnected,
    FlagsChanged,
    Hello,
    Input,
    KeptOutput,
    Noted,
    OutOfBand,
    Part,
    PortalToServer,
    Resume,
    Seen,
    Token,
    UpFrame,
    Welcome,
)
from everdoor.versions import LAST_PROMPT, OLDER

HELLO = Hello("p", Incarnation(1, 7), "here", NO_ROW, [Copy(1, 2, {"a": 1}, 0.5, 1.0, 2.0, 3)])
HELLO_1 = ["hello", "p", [1, 7], "here", [0, 0], [[1, 2, {"a": 1}, 0.5, 1.0, 2.0, 3]]]

SAID_IN_1: list[tuple[PortalToServer, list[Any]]] = [
    (HELLO, HELLO_1),
    (
        Connected(3, 1, "telnet", "192.0.2.7", 5, {"ANSI": True}, 0.0),
        ["connected", 3, 1, "telnet", "192.0.2.7", 5, {"ANSI": True}],
    ),
    (Input(3, 2, "look", LAST_PROMPT), ["input", 3, 2, "look"]),
    (FlagsChanged(3, 3, {"ANSI": False}), ["flags", 3, 3, {"ANSI": False}]),
    (Disconnected(3, 4, "gone", True), ["disconnected", 3, 4, "gone", True]),
    (Ack(RowId(2, 3)), ["ack", [2, 3]]),
    (Part(0, 1, b"x"), ["part", 0, 1, b"x"]),
]


@pytest.mark.parametrize(("message", "said"), SAID_IN_1, ids=[said[0] for _, said in SAID_IN_1])
def test_message_of_version_1_is_read_and_written(message: PortalToServer, said: Any) -> None:
    frame = UpFrame(1, 5, 6, [message, message])
    data = msgspec.msgpack.encode([1, 5, 6, [said, said]])
    assert codec.decode_up(data) == frame
    assert codec.encode_up_frame(frame) == data


def test_what_version_1_cannot_say_is_left_out() -> None:
    connected = Connected(3, 1, "telnet", "", 0, {}, 12.5)
    frame = UpFrame(1, 1, 1, [connected, Input(3, 2, "look", 9)])
    assert codec.decode_up(codec.encode_up_frame(frame)).messages == [
        Connected(3, 1, "telnet", "", 0, {}, 0.0),
        Input(3, 2, "look", LAST_PROMPT),
    ]


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (1, ["connected", 3, 1, "telnet", "", 0, {}, 0.0]),
        (1, ["input", 3, 2, "look", 0]),
        (2, ["connected", 3, 1, "telnet", "", 0, {}]),
    ],
    ids=["age in version 1", "prompt in version 1", "no age in version 2"],
)
def test_message_of_one_version_is_refused_in_another(version: int, said: list[Any]) -> None:
    with pytest.raises(MalformedMessage):
        codec.decode_up(msgspec.msgpack.encode([version, 1, 1, [said]]))


def test_the_version_before_is_spoken_and_can_be_translated() -> None:
    assert codec.SPOKEN_VERSIONS == (codec.WIRE_VERSION - 1, codec.WIRE_VERSION)
    assert set(OLDER) == set(codec.SPOKEN_VERSIONS) - {codec.WIRE_VERSION}


def test_version_1_says_nothing_of_deaths() -> None:
    frame = UpFrame(1, 1, 1, [Deaths([(1, 2, 1)]), Noted(1, 2), Ack(NO_ROW)])
    assert codec.decode_up(codec.encode_up_frame(frame)).messages == [Ack(NO_ROW)]
    said = codec.encode_said(1, Welcome(17, True))
    assert msgspec.msgpack.decode(said) == ["welcome", 17]
    assert codec.encode_said(1, Beat()) == codec.encode(Beat())


def test_version_1_says_nothing_out_of_band_and_keeps_its_number() -> None:
    frame = UpFrame(1, 1, 1, [OutOfBand(3, 2, "echo", [1], {"a": None}), Input(3, 3, "look", 0)])
    assert codec.decode_up(codec.encode_up_frame(frame)).messages == [
        FlagsChanged(3, 2, {}),
        Input(3, 3, "look", LAST_PROMPT),
    ]


def test_version_1_says_nothing_of_clients_that_come_back() -> None:
    copy = Copy(1, 2, None, 0.5, 1.0, 2.0, 3, 7, [KeptOutput("text", ["one"], {})])
    hello = Hello("p", Incarnation(1, 7), "here", NO_ROW, [copy])
    connected = Connected(3, 1, "telnet", "", 0, {}, 0.0, b"hash", 7)
    later = [Token(3, 2, b"hash"), Seen(3, 3, 7), Resume(3, 4, b"hash", 7)]
    frame = UpFrame(1, 1, 1, [hello, connected, *later])
    bare = structs.replace(copy, shown=0, kept=[])
    assert codec.decode_up(codec.encode_up_frame(frame)).messages == [
        structs.replace(hello, copies=[bare]),
        structs.replace(connected, resume=b"", seen=0),
        FlagsChanged(3, 2, {}),
        FlagsChanged(3, 3, {}),
        FlagsChanged(3, 4, {}),
    ]
    assert codec.decode_up_message(codec.encode_up_message(1, hello)) == structs.replace(
        hello, copies=[bare]
    )
