"""The sub-protocol of Evennia's web client: arrays of JSON in, HTML in JSON out."""

from __future__ import annotations

import json

import pytest

from everdoor_portal.render.kinds import Depth, Kind
from everdoor_portal.web.codecs import MalformedMessage, Message
from everdoor_portal.web.evennia import EvenniaCodec
from everdoor_portal.web.events import Asked, Event, Left, Line, LineTooLong

KIND = Kind(Depth.TRUECOLOR)


def received(text: str, max_chars: int = 20) -> list[Event]:
    return list(EvenniaCodec(max_chars).receive(Message(text.encode())))


SAID = [
    ('["text", ["look"], {}]', [Line("look")]),
    ('["text", ["look"]]', [Line("look")]),
    ('["text", ["say Gr\\u00fc\\u00dfe"], {"cmdid": 3}]', [Line("say Grüße")]),
    ('["text", ["a\\nb\\r\\n"], {}]', [Line("a"), Line("b")]),
    ('["text", ["\\u001b[31mred\\u0000"], {}]', [Line("red")]),
    ('["text", [""], {}]', [Line("")]),
    ('["text", [], {}]', [Line("")]),
    ('["text", [{"a": 1}], {}]', [Line("")]),
    ('["text", ["123456789012345678901"], {}]', [LineTooLong(21)]),
    ('["get_inputfuncs", [], {}]', [Asked("get_inputfuncs", [], {})]),
    ('["webclient_options", [1], {"a": [2]}]', [Asked("webclient_options", [1], {"a": [2]})]),
    ('["websocket_close", [], {}]', [Left("client closed the connection", is_clean=True)]),
]


@pytest.mark.parametrize(("text", "events"), SAID)
def test_message_of_the_client_is_read(text: str, events: list[Event]) -> None:
    assert received(text) == events


@pytest.mark.parametrize(
    "text",
    ["", "look", "{}", "[]", '["text", "look", {}]', '["text", [], [], 1]', "[1, [], {}]"]
    + ['["", [], {}]', f'["{"x" * 65}", [], {{}}]', '["\\n", [], {}]', '["x", [], null]']
    + ['["x", [' + "[" * 40 + "]" * 40 + "], {}]"],
)
def test_message_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(MalformedMessage):
        received(text)


def test_text_is_html_and_keeps_the_options_that_are_the_clients() -> None:
    codec = EvenniaCodec(0)
    body = codec.encode(codec.render('|r<b>|n & "you"', KIND), "utf-8")
    shown = codec.text(body, {"type": "look", "ansi": True}, 7)
    assert not shown.is_binary
    name, args, options = json.loads(shown.data)
    assert (name, options) == ("text", {"type": "look"})
    assert args == ['<span class="color-009">&lt;b&gt;</span> &amp; &quot;you&quot;']


def test_prompt_and_out_of_band_have_the_same_shape() -> None:
    codec = EvenniaCodec(0)
    prompt = codec.prompt(b'"&gt;"', {}, 0, hidden=True)
    assert json.loads(prompt.data) == ["prompt", ["&gt;"], {}]
    said = codec.out_of_band("room_info", [1, "a"], {"x": None}, 0)
    assert said is not None and json.loads(said.data) == ["room_info", [1, "a"], {"x": None}]


def test_what_is_not_json_cannot_be_said() -> None:
    with pytest.raises(ValueError, match="cannot be said in JSON"):
        EvenniaCodec(0).out_of_band("x", [object()], {}, 0)
