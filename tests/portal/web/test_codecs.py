"""What holds for every sub-protocol: how many lines of a message are taken."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from everdoor_portal.web.codecs import MAX_LINES, Codec, Message
from everdoor_portal.web.evennia import EvenniaCodec
from everdoor_portal.web.events import Line, TooManyLines
from everdoor_portal.web.everdoor import EverdoorCodec
from everdoor_portal.web.mudstandards import GmcpCodec, JsonCodec, TerminalCodec


def said(*message: object) -> Message:
    return Message(json.dumps(message).encode())


def binary(text: str) -> Message:
    return Message(text.encode(), is_binary=True)


def envelope(text: str) -> Message:
    return Message(json.dumps({"proto": "text", "id": "", "data": text}).encode())


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (TerminalCodec, binary),
        (TerminalCodec, lambda text: Message(text.encode())),
        (GmcpCodec, binary),
        (JsonCodec, binary),
        (JsonCodec, envelope),
        (EvenniaCodec, lambda text: said("text", [text], {})),
        (EverdoorCodec, lambda text: said("line", text)),
    ],
    ids=["terminal", "terminal text", "gmcp", "json", "json text", "evennia", "everdoor"],
)
def test_message_of_more_lines_than_are_taken_is_refused_whole(
    kind: type[Codec], message: Callable[[str], Message], end: str
) -> None:
    codec = kind(0)
    if codec.greets:
        list(codec.receive(said("hello", {})))
    most = end.join(["look"] * MAX_LINES)
    assert list(codec.receive(message(most))) == [Line("look")] * MAX_LINES
    assert list(codec.receive(message(most + end))) == [Line("look")] * MAX_LINES
    too_many = [TooManyLines(MAX_LINES + 1)]
    assert list(codec.receive(message(f"{most}{end}look"))) == too_many
    assert list(codec.receive(message(f"{most}{end}{end}"))) == too_many
