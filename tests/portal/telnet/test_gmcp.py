import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor_portal.telnet.events import Keepalive, LoginWanted, OutOfBand, Reconnect
from everdoor_portal.telnet.gmcp import (
    MAX_DECLINED,
    GmcpHandler,
    decode,
    encode,
    token_in,
    token_text,
)
from everdoor_portal.telnet.handlers import Answer, MalformedSubnegotiation
from everdoor_portal.telnet.outofband import NOTHING

PACKETS: list[tuple[str, Any, bytes]] = [
    ("Core.Ping", NOTHING, b"Core.Ping"),
    ("Char.Vitals", {"hp": 5, "name": "é"}, 'Char.Vitals {"hp":5,"name":"é"}'.encode()),
    ("Room.Info", [1, None, True, "a"], b'Room.Info [1,null,true,"a"]'),
    ("Core.Goodbye", "bye\n\xff", 'Core.Goodbye "bye\\nÿ"'.encode()),
    ("Core.Number", 0, b"Core.Number 0"),
]


@pytest.mark.parametrize(("package", "data", "payload"), PACKETS)
def test_packet_is_encoded_and_decoded(package: str, data: Any, payload: bytes) -> None:
    assert encode(package, data) == payload
    assert decode(payload) == (package, data)


@pytest.mark.parametrize("payload", [b"Core.Ping ", b" Core.Ping", b"Core.Ping\n"])
def test_space_around_a_packet_is_no_data(payload: bytes) -> None:
    assert decode(payload) == ("Core.Ping", NOTHING)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "the name of a package"),
        (b"{}", "the name of a package"),
        (b"Co\x01re 1", "the name of a package"),
        (b"a" * 65, "the name of a package"),
        (b"\xc3\xa9 1", "the name of a package"),
        (b"Char.Login anna", "JSON behind Char.Login"),
        (b'A "\xff"', "JSON behind A"),
        (b"A {1:2", "JSON behind A"),
        (b'A "', "JSON behind A"),
        (b'A "\\', "JSON behind A"),
        (b"A NaN", "JSON behind A"),
        (b"A " + b"[" * 33 + b"]" * 33, "32 levels"),
        (b"A " + b"[" * 4000, "32 levels"),
        (b"A " + b'{"a":' * 700, "32 levels"),
    ],
)
def test_broken_packet_is_refused(payload: bytes, reason: str) -> None:
    with pytest.raises(MalformedSubnegotiation, match=reason):
        decode(payload)


@pytest.mark.parametrize("version", ["9" * 5000, "-1", "\u00b2", "two"])
def test_version_of_a_module_that_is_no_number_is_1(version: str) -> None:
    modules = f'Core.Supports.Set ["Char.Login {version}"]'
    assert GmcpHandler().receive(modules.encode()) == Answer(events=(LoginWanted(1),))


def test_brackets_in_strings_are_no_levels() -> None:
    assert decode(b'A "' + b"[" * 100 + b'\\"{"') == ("A", "[" * 100 + '"{')


@pytest.mark.parametrize(
    ("package", "data", "reason"),
    [
        ("", 1, "the name of a package, got ''"),
        ("a b", 1, "the name of a package, got 'a b'"),
        ("A", object(), "A cannot be said in JSON"),
        ("A", {(1, 2): 3}, "A cannot be said in JSON"),
    ],
)
def test_what_gmcp_cannot_say_is_refused(package: str, data: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        encode(package, data)


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        (b'Core.Hello {"client":"Mudlet","version":"4.17"}',
         Answer({"CLIENTNAME": "Mudlet", "CLIENTVERSION": "4.17"})),
        (b'core.hello {"client":"Mudlet"}', Answer({"CLIENTNAME": "Mudlet"})),
        (b"Core.Ping", Answer(send=b"Core.Ping")),
        (b"Core.Ping 120", Answer(send=b"Core.Ping")),
        (b"Core.KeepAlive", Answer(events=(Keepalive(),))),
        (b'Core.Supports.Set ["Char 1"]', Answer()),
        (b'Char.Login {"name":"a"}',
         Answer(events=(OutOfBand("GMCP", "Char.Login", {"name": "a"}),))),
        (b"Char.Items.Inv", Answer(events=(OutOfBand("GMCP", "Char.Items.Inv", None),))),
    ],
)  # fmt: skip
def test_gmcp_answers_core_packets_and_tells_of_others(payload: bytes, answer: Answer) -> None:
    assert GmcpHandler().receive(payload) == answer


@pytest.mark.parametrize(
    "payload",
    [
        b"Core.Hello",
        b"Core.Hello []",
        b'Core.Hello {"client":5}',
        b'Core.Hello {"client":""}',
        b'Core.Hello {"client":"a\\u001b"}',
        b'Core.Hello {"version":"' + b"a" * 65 + b'"}',
        b"Core.Supports.Set",
        b"Core.Supports.Add {}",
        b"Core.Supports.Remove [1]",
        b'Core.Supports.Set [""]',
        b'Core.Supports.Set ["a\\u0001 1"]',
    ],
)
def test_core_packet_of_another_shape_is_refused(payload: bytes) -> None:
    with pytest.raises(MalformedSubnegotiation, match="GMCP expects"):
        GmcpHandler().receive(payload)


def test_client_is_sent_what_it_has_not_declined() -> None:
    gmcp = GmcpHandler()
    assert gmcp.wants("Room.Info")
    gmcp.receive(b'Core.Supports.Set ["Char 1", "Room 0"]')
    assert [gmcp.wants(name) for name in ("Char.Vitals", "Room.Info", "room", "Roomy.Info")] == [
        True,
        False,
        False,
        True,
    ]
    gmcp.receive(b'Core.Supports.Remove ["Char.Items"]')
    assert [gmcp.wants(name) for name in ("Char.Vitals", "Char.Items.List")] == [True, False]
    gmcp.receive(b'Core.Supports.Add ["ROOM 2", "Char.Items"]')
    assert gmcp.wants("Room.Info") and gmcp.wants("Char.Items.List")


def test_set_forgets_what_was_declined_before() -> None:
    gmcp = GmcpHandler()
    gmcp.receive(b'Core.Supports.Remove ["Room"]')
    gmcp.receive(b'Core.Supports.Set ["Char 1"]')
    assert gmcp.wants("Room.Info")


def test_modules_without_end_are_not_remembered() -> None:
    gmcp = GmcpHandler()
    for number in range(MAX_DECLINED):
        gmcp.receive(b'Core.Supports.Remove ["M%d"]' % number)
    for number in range(MAX_DECLINED, 10 * MAX_DECLINED):
        with pytest.raises(MalformedSubnegotiation, match=f"at most {MAX_DECLINED} modules"):
            gmcp.receive(b'Core.Supports.Remove ["M%d"]' % number)
    assert not gmcp.wants("M0") and gmcp.wants(f"M{MAX_DECLINED}")


@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda end: b'Core.Hello {"' + end))
def test_gmcp_raises_nothing_but_what_it_says(payload: bytes) -> None:
    try:
        GmcpHandler().receive(payload)
    except MalformedSubnegotiation:
        pass


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(), each, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_any_data_come_back_as_they_were(data: Any) -> None:
    assert decode(encode("Any.Thing", data)) == ("Any.Thing", data)


# Logging in and coming back.


def logs_in(*modules: str) -> GmcpHandler:
    gmcp = GmcpHandler()
    gmcp.receive(f"Core.Supports.Set {json.dumps(modules)}".encode())
    return gmcp


def test_client_that_can_log_in_by_gmcp_is_told_of_once() -> None:
    gmcp = GmcpHandler()
    wanted = gmcp.receive(b'Core.Supports.Set ["Char.Login 1"]')
    assert wanted == Answer(events=(LoginWanted(1),))
    assert gmcp.receive(b'Core.Supports.Add ["Char.Login 1"]') == Answer()
    assert gmcp.receive(b'Core.Supports.Add ["Char.Login 2"]') == Answer(events=(LoginWanted(2),))


@pytest.mark.parametrize(
    ("modules", "says", "keeps"),
    [
        ((), "", False),
        (("Char.Login 1",), "", False),
        (("Char.Login 2",), "", True),
        (("Char.Login 3",), 'Char.Login.Credentials {"token_storage":true}', True),
        (("Char.Login 2",), 'Char.Login.Credentials {"token_storage":false}', False),
        (("Char.Login 2",), 'Char.Login.Reconnect {"token":"x","token_storage":"false"}', False),
    ],
)
def test_token_is_for_who_knows_them_and_keeps_them(
    modules: tuple[str, ...], says: str, keeps: bool
) -> None:
    gmcp = logs_in(*modules)
    if says:
        gmcp.receive(says.encode())
    assert gmcp.keeps_tokens is keeps


@pytest.mark.parametrize("seen", [None, 0, 7, 2**63 - 1])
def test_client_comes_back_with_its_token_and_what_it_has_seen(seen: int | None) -> None:
    token = bytes(range(224, 256))
    said = {"account": "a", "token": token_text(token), "seen": seen}
    answer = GmcpHandler().receive(b"Char.Login.Reconnect " + json.dumps(said).encode())
    assert answer == Answer(events=(Reconnect(token, seen),))
    assert token_text(token) not in repr(answer) and repr(token) not in repr(answer)


@pytest.mark.parametrize("seen", [-1, True, "7", 2**63, 1.5])
def test_number_that_is_none_is_not_taken(seen: Any) -> None:
    said = json.dumps({"token": "x", "seen": seen}).encode()
    [event] = GmcpHandler().receive(b"Char.Login.Reconnect " + said).events
    assert isinstance(event, Reconnect) and event.seen is None


@pytest.mark.parametrize("said", [b"", b"[]", b"{}", b'{"token":5}'])
def test_client_that_comes_back_without_a_token_is_refused(said: bytes) -> None:
    with pytest.raises(MalformedSubnegotiation, match="expects a token"):
        GmcpHandler().receive(b"Char.Login.Reconnect " + said)


def test_token_of_somebody_else_is_read_as_other_bytes() -> None:
    assert token_in("not ours!") == b"not ours!"
    assert token_in("\ud800") == b"?"
