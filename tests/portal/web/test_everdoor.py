"""Our own sub-protocol: greeting with a token, numbered outputs."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor_portal.web.codecs import BROWSER_FLAGS, MalformedMessage, Message, Reply
from everdoor_portal.web.events import (
    Asked,
    FlagsChanged,
    Greeting,
    Keepalive,
    Line,
    LineTooLong,
    Seen,
)
from everdoor_portal.web.everdoor import EverdoorCodec

SECRET = bytes(range(32))
TOKEN = base64.urlsafe_b64encode(SECRET).decode().rstrip("=")
UNTOLD = {**BROWSER_FLAGS, "OOB": True}


def said(*message: object) -> Message:
    return Message(json.dumps(message).encode())


def greeted() -> EverdoorCodec:
    codec = EverdoorCodec(10)
    list(codec.receive(said("hello", {})))
    return codec


def test_client_begins_with_what_it_is() -> None:
    told = {"client": "page", "version": "1", "width": 90, "height": 0x7FFFFFFF}
    told["screenreader"] = True
    (greeting,) = EverdoorCodec(0).receive(said("hello", told))
    flags = {"CLIENTNAME": "page", "CLIENTVERSION": "1", "SCREENREADER": True}
    flags |= {"SCREENWIDTH": 90, "SCREENHEIGHT": 1000}
    assert greeting == Greeting({**UNTOLD, **flags})


def test_client_that_comes_back_says_the_token_and_what_it_has_seen() -> None:
    (greeting,) = EverdoorCodec(0).receive(said("hello", {"token": TOKEN, "seen": 41}))
    assert greeting == Greeting(UNTOLD, SECRET, 41)


@pytest.mark.parametrize(
    "told",
    [
        {"token": "short"},
        {"token": 7},
        {"token": TOKEN + "A"},
        {"token": "ß" * 43},
        {"seen": -1},
        {"seen": 2**53},
        {"seen": 1.5},
        {"seen": True},
        {"client": ""},
        {"client": "x" * 65},
        {"client": "a\nb"},
        {"width": "wide"},
        {"width": 0},
    ],
)
def test_greeting_that_says_something_else_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        list(EverdoorCodec(0).receive(said("hello", told)))


def test_nothing_counts_before_the_greeting_and_no_greeting_behind_it() -> None:
    codec = EverdoorCodec(0)
    with pytest.raises(MalformedMessage):
        list(codec.receive(said("line", "look")))
    list(codec.receive(said("hello", {})))
    with pytest.raises(MalformedMessage):
        list(codec.receive(said("hello", {})))


def test_messages_of_the_client_are_read() -> None:
    codec = greeted()
    assert list(codec.receive(said("line", "look"))) == [Line("look")]
    assert list(codec.receive(said("line", "x" * 11))) == [LineTooLong(11)]
    assert list(codec.receive(said("seen", 7))) == [Seen(7)]
    assert list(codec.receive(said("flags", {"width": 5}))) == [FlagsChanged({"SCREENWIDTH": 10})]
    assert list(codec.receive(said("ping"))) == [Keepalive(), Reply(Message(b'["pong"]'))]
    assert list(codec.receive(said("out", "a", [1], {"b": 2}))) == [Asked("a", [1], {"b": 2})]


@pytest.mark.parametrize(
    "message",
    [("line", 7), ("line",), ("seen", "7"), ("seen", -1), ("flags", []), ("out", "", [], {})]
    + [("out", "a", {}, []), ("ping", 1), (), ("text", "look"), "line", {"line": 1}],
)
def test_message_of_another_shape_is_refused(message: Any) -> None:
    with pytest.raises(MalformedMessage):
        list(greeted().receive(Message(json.dumps(message).encode())))


@given(st.binary() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_any_message_is_read_or_refused(data: bytes | str) -> None:
    try:
        list(greeted().receive(Message(data if isinstance(data, bytes) else data.encode())))
    except MalformedMessage:
        pass


def test_outputs_are_numbered() -> None:
    codec = greeted()
    assert codec.text(b'"a\\u001b"', {}, 7).data == b'["text",7,"a\\u001b"]'
    assert codec.prompt(b'"> "', {}, 8, hidden=None).data == b'["prompt",8,"> ",null]'
    assert codec.prompt(b'"> "', {}, 8, hidden=True).data == b'["prompt",8,"> ",true]'
    told = codec.out_of_band("vitals", [{"hp": 5}], {"ansi": True, "x": 1}, 9)
    assert told is not None
    assert json.loads(told.data) == ["out", 9, "vitals", [{"hp": 5}], {"x": 1}]


def test_client_is_told_its_token_who_it_is_and_how_the_game_is() -> None:
    codec = greeted()
    told = [codec.token(SECRET, "Anna"), codec.session(7, "Anna", True), codec.away(True)]
    told += [codec.away(False), codec.show_input()]
    assert [json.loads(each.data) for each in told if each] == [
        ["token", TOKEN],
        ["session", {"sessid": 7, "name": "Anna", "logged_in": True}],
        ["game", "away"],
        ["game", "here"],
        ["input", False],
    ]
