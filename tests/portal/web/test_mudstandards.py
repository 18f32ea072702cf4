"""The three sub-protocols of mudstandards.org: terminal, GMCP, JSON."""

from __future__ import annotations

import json

import pytest

from everdoor_portal.render.kinds import Depth, Kind
from everdoor_portal.web.codecs import Codec, MalformedMessage, Message, Reply
from everdoor_portal.web.events import (
    FlagsChanged,
    Keepalive,
    Line,
    LineTooLong,
    LoginWanted,
    OutOfBand,
    Reconnect,
)
from everdoor_portal.web.mudstandards import GmcpCodec, JsonCodec, TerminalCodec

ALL: list[type[Codec]] = [TerminalCodec, GmcpCodec, JsonCodec]


def binary(text: str) -> Message:
    return Message(text.encode(), is_binary=True)


def envelope(proto: str, id: str, data: str) -> Message:
    return Message(json.dumps({"proto": proto, "id": id, "data": data}).encode())


@pytest.mark.parametrize("kind", ALL)
def test_binary_messages_are_lines(kind: type[Codec]) -> None:
    codec = kind(10)
    assert list(codec.receive(binary("look\r\n"))) == [Line("look")]
    assert list(codec.receive(binary("look"))) == [Line("look")]
    assert list(codec.receive(binary("\r\n"))) == [Line("")]
    assert list(codec.receive(binary(""))) == []
    assert list(codec.receive(binary("a\nb\n\x1b[Ac"))) == [Line("a"), Line("b"), Line("c")]
    assert list(codec.receive(binary("x" * 11))) == [LineTooLong(11)]


@pytest.mark.parametrize("kind", ALL)
def test_what_is_not_utf8_is_refused(kind: type[Codec]) -> None:
    with pytest.raises(MalformedMessage):
        list(kind(10).receive(Message(b"\xff\xfe", is_binary=True)))


@pytest.mark.parametrize("kind", ALL)
def test_text_and_prompt_are_for_terminals(kind: type[Codec]) -> None:
    codec = kind(0)
    body = codec.encode(codec.render("|ra|n\nß", Kind(Depth.ANSI)) + codec.line_end, "utf-8")
    wanted = Message("\x1b[0;1;31ma\x1b[0m\r\nß\r\n".encode(), is_binary=True)
    assert codec.text(body, {}, 0) == wanted
    assert codec.prompt(b"> ", {}, 0, hidden=None) == Message(b"> ", is_binary=True)


def test_terminal_takes_text_for_lines_and_says_nothing_out_of_band() -> None:
    codec = TerminalCodec(0)
    assert list(codec.receive(Message(b"look"))) == [Line("look")]
    assert codec.out_of_band("room_info", [1], {}, 0) is None


def test_gmcp_packets_go_both_ways() -> None:
    codec = GmcpCodec(0)
    hello = Message(b'Core.Hello {"client": "Mudterm", "version": "2"}')
    flags = {"CLIENTNAME": "Mudterm", "CLIENTVERSION": "2"}
    assert list(codec.receive(hello)) == [FlagsChanged(flags)]
    assert list(codec.receive(Message(b"Core.Ping"))) == [Reply(Message(b"Core.Ping"))]
    assert list(codec.receive(Message(b"Core.KeepAlive"))) == [Keepalive()]
    given = list(codec.receive(Message(b'Char.Items.Inv ""')))
    assert given == [OutOfBand("GMCP", "Char.Items.Inv", "")]
    assert codec.out_of_band("room_info", [{"num": 1}], {}, 0) == Message(b'Room.Info {"num":1}')
    list(codec.receive(Message(b'Core.Supports.Remove ["Room"]')))
    assert codec.out_of_band("room_info", [{"num": 1}], {}, 0) is None


@pytest.mark.parametrize("kind", [GmcpCodec, JsonCodec])
def test_token_is_for_clients_that_have_words_for_it(kind: type[Codec]) -> None:
    codec = kind(0)
    assert codec.token(bytes(32), "Anna") is None and codec.counted(7) is None
    said = '["Char.Login 2", "Everdoor 1"]'
    packet = Message(f"Core.Supports.Set {said}".encode())
    wanted = packet if kind is GmcpCodec else envelope("gmcp", "Core.Supports.Set", said)
    assert list(codec.receive(wanted)) == [LoginWanted(2)]
    token, count = codec.token(bytes(32), "Anna"), codec.counted(7)
    assert token is not None and b"A" * 43 in token.data and b"Char.Login.Token" in token.data
    assert count is not None and b"Everdoor.Output" in count.data


def test_client_of_gmcp_comes_back() -> None:
    codec = GmcpCodec(0)
    packet = f'Char.Login.Reconnect {{"account": "Anna", "token": "{"A" * 43}", "seen": 5}}'
    assert list(codec.receive(Message(packet.encode()))) == [Reconnect(bytes(32), 5)]


def test_json_envelopes_go_both_ways() -> None:
    codec = JsonCodec(0)
    given = list(codec.receive(envelope("gmcp", "Char.Login.Default", '{"a": 1}')))
    assert given == [OutOfBand("GMCP", "Char.Login.Default", {"a": 1})]
    assert list(codec.receive(envelope("text", "", "look"))) == [Line("look")]
    assert list(codec.receive(envelope("telnet_31", "NAWS", "AFAAGA=="))) == []
    said = codec.out_of_band("vitals", [{"hp": 5}], {}, 0)
    assert said is not None and not said.is_binary
    assert json.loads(said.data) == {"proto": "gmcp", "id": "Core.Vitals", "data": '{"hp":5}'}
    (reply,) = codec.receive(envelope("gmcp", "Core.Ping", ""))
    assert isinstance(reply, Reply)
    assert json.loads(reply.message.data)["id"] == "Core.Ping"


def test_version_of_a_module_that_no_number_holds_is_1() -> None:
    packet = f'Core.Supports.Set ["Char.Login {"9" * 5000}"]'
    assert list(GmcpCodec(0).receive(Message(packet.encode()))) == [LoginWanted(1)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (GmcpCodec, ""),
        (GmcpCodec, "Core Hello {"),
        (GmcpCodec, "Core.Hello 7"),
        (JsonCodec, "look"),
        (JsonCodec, "[]"),
        (JsonCodec, '{"proto": "gmcp", "data": "1"}x'),
        (JsonCodec, '{"proto": 1, "id": "a", "data": "b"}'),
        (JsonCodec, '{"proto": "gmcp", "id": "a", "data": {}}'),
        (JsonCodec, '{"proto": "gmcp", "id": "", "data": ""}'),
    ],
)
def test_text_message_of_another_shape_is_refused(kind: type[Codec], text: str) -> None:
    with pytest.raises(MalformedMessage):
        list(kind(0).receive(Message(text.encode())))
