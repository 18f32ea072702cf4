from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor_portal.telnet.events import OutOfBand
from everdoor_portal.telnet.handlers import MalformedSubnegotiation
from everdoor_portal.telnet.msdp import MAX_DEPTH, MsdpHandler, Value, decode, encode
from everdoor_portal.telnet.outofband import NOTHING

R, V, T, E, A, Z = b"\1", b"\2", b"\3", b"\4", b"\5", b"\6"

VARIABLES: list[tuple[dict[str, Value], bytes]] = [
    ({"HEALTH": "5"}, R + b"HEALTH" + V + b"5"),
    ({"NAME": ""}, R + b"NAME" + V),
    ({"NAME": "é"}, R + b"NAME" + V + "é".encode()),
    ({"LIST": ["a", "b"]}, R + b"LIST" + V + A + V + b"a" + V + b"b" + Z),
    ({"LIST": []}, R + b"LIST" + V + A + Z),
    ({"ROOM": {"vnum": "6", "exits": {"n": "7"}}},
     R + b"ROOM" + V + T + R + b"vnum" + V + b"6"
     + R + b"exits" + V + T + R + b"n" + V + b"7" + E + E),
    ({"X": [{}, ["a"]]}, R + b"X" + V + A + V + T + E + V + A + V + b"a" + Z + Z),
]  # fmt: skip


@pytest.mark.parametrize(("variables", "payload"), VARIABLES)
def test_variable_is_encoded_and_decoded(variables: dict[str, Value], payload: bytes) -> None:
    assert b"".join(encode(name, value) for name, value in variables.items()) == payload
    assert decode(payload) == variables


@pytest.mark.parametrize(
    ("payload", "variables"),
    [
        (b"", {}),
        (R + b"SEND" + V + b"A" + V + b"B", {"SEND": ["A", "B"]}),
        (R + b"A" + V + b"1" + R + b"B" + V + b"2", {"A": "1", "B": "2"}),
        (R + b"A" + V + b"1" + R + b"A" + V + b"2", {"A": "2"}),
        (R + b"A" + V + b"\xff", {"A": "�"}),
    ],
)
def test_other_spellings_are_decoded(payload: bytes, variables: dict[str, Value]) -> None:
    assert decode(payload) == variables


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"HEALTH", "VAR before all else"),
        (V + b"5", "VAR before all else"),
        (R + b"A" + V + b"1" + b"\0", "VAR before all else"),
        (R + b"A" + V + b"1" + Z, "VAR before all else"),
        (R + b"A" + V + b"1" + A + Z, "VAR before all else"),
        (R + V + b"1", "name of a variable"),
        (R + b"a b" + V + b"1", "name of a variable"),
        (R + b"A", "VAL behind A"),
        (R + b"A" + V + T, "to be closed"),
        (R + b"A" + V + T + Z, "to be closed"),
        (R + b"A" + V + T + V + b"1" + E, "to be closed"),
        (R + b"A" + V + A + V + b"1", "to be closed"),
        (R + b"A" + V + A + Z + b"x", "to be closed"),
        (R + b"A" + (V + A) * 400, "8 levels"),
        (R + b"A" + (V + T + R + b"A") * 300, "8 levels"),
    ],
)
def test_broken_variables_are_refused(payload: bytes, reason: str) -> None:
    with pytest.raises(MalformedSubnegotiation, match=reason):
        decode(payload)


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else "x"


def test_eight_levels_are_taken_both_ways_and_no_more() -> None:
    assert decode(encode("A", nested(MAX_DEPTH))) == {"A": nested(MAX_DEPTH)}
    with pytest.raises(ValueError, match="8 levels"):
        encode("A", nested(MAX_DEPTH + 1))


@pytest.mark.parametrize(
    ("value", "text"),
    [(5, b"5"), (-1.5, b"-1.5"), (True, b"1"), (False, b"0"), (None, b""), (NOTHING, b"")]
    + [("a\0\1\2\3\4\5\6b", b"ab"), ("\ud800", b"?")],
)
def test_what_is_no_text_is_said_by_one(value: Any, text: bytes) -> None:
    assert encode("A", value) == R + b"A" + V + text


def test_variable_without_proper_name_is_refused() -> None:
    with pytest.raises(ValueError, match="name of a variable, got 'a b'"):
        encode("a b", 1)


def test_msdp_tells_of_all_variables() -> None:
    payload = encode("REPORT", ["HEALTH"]) + encode("CLIENT_ID", "x")
    assert MsdpHandler().receive(payload).events == (
        OutOfBand("MSDP", "REPORT", ["HEALTH"]),
        OutOfBand("MSDP", "CLIENT_ID", "x"),
    )


marks = st.sampled_from([R + b"A", V, T, E, A, Z, V + b"1", R + b"LIST" + V + b"LISTS"])


@given(st.lists(marks | st.binary(max_size=3)).map(b"".join))
def test_msdp_raises_nothing_but_what_it_says(payload: bytes) -> None:
    try:
        MsdpHandler().receive(payload)
    except MalformedSubnegotiation:
        pass


texts = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=5)
names = st.from_regex(r"[A-Z]{1,5}", fullmatch=True)
values = st.recursive(
    texts,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(names, each, max_size=3),
    max_leaves=6,
)


@given(names, values)
def test_any_value_comes_back_as_it_was(name: str, value: Value) -> None:
    assert decode(encode(name, value)) == {name: value}


def test_msdp_with_more_marks_than_anybody_needs_is_refused() -> None:
    with pytest.raises(MalformedSubnegotiation, match="at most 1024 marks"):
        decode(b"\1A\2" * 1100)
