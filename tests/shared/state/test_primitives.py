"""Primitives are copied apart, and whatever is none is named by its path."""

from __future__ import annotations

import enum
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.codec import encode
from everdoor.state import MAX_DEPTH, check_primitives, copy_state, find_non_primitive

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | TEXT
    | st.binary(max_size=8)
)
PRIMITIVES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
)
SNAPSHOTS = st.dictionaries(TEXT, PRIMITIVES, max_size=6)
STEPS = st.lists(st.integers(0, 3) | st.sampled_from("abc"), max_size=6)


class Colour(enum.StrEnum):
    RED = "red"


def nested(depth: int) -> list[Any]:
    """A list with lists in it, `depth` deep all told."""
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def containers(value: object) -> list[int]:
    """Identities of all dicts and lists in a value."""
    if isinstance(value, dict):
        return [id(value), *(found for item in value.values() for found in containers(item))]
    if isinstance(value, list):
        return [id(value), *(found for item in value for found in containers(item))]
    return []


@given(SNAPSHOTS)
def test_copy_state_is_equal_and_shares_no_container(data: dict[str, Any]) -> None:
    copied = copy_state(data)
    assert copied == data
    assert not set(containers(copied)) & set(containers(data))


@given(SNAPSHOTS)
def test_check_primitives_returns_what_survives_the_wire(data: dict[str, Any]) -> None:
    assert check_primitives(data) is data
    assert msgspec.msgpack.decode(encode(data)) == data


@given(STEPS)
def test_find_non_primitive_names_a_path_that_leads_to_the_value(steps: list[int | str]) -> None:
    bad = object()
    value: Any = bad
    for step in steps:
        value = [None] * step + [value] if isinstance(step, int) else {"x": 1, step: value}
    found = find_non_primitive(value)
    assert found is not None
    path, reason = found.split(": ")
    assert eval(path, {"snapshot": value}) is bad
    assert reason == "object"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"size": (80, 24)}, "snapshot['size']: tuple"),
        ({"a": [1, {"b": {2}}]}, "snapshot['a'][1]['b']: set"),
        ({"colour": Colour.RED}, "snapshot['colour']: Colour"),
        ({"a": {1: 2}}, "snapshot['a'][1]: key is of type int"),
        ({"n": 2**64}, "snapshot['n']: int beyond 64 bits"),
        ({"n": -(2**63) - 1}, "snapshot['n']: int beyond 64 bits"),
        ({"s": "\ud800"}, "snapshot['s']: str with a lone surrogate"),
        ({"\udfff": 1}, "snapshot['\\udfff']: key is a str with a lone surrogate"),
        ({"first": 1j, "second": 2j}, "snapshot['first']: complex"),
    ],
)
def test_find_non_primitive_says_what_is_wrong(value: object, found: str) -> None:
    assert find_non_primitive(value) == found


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "x", b"x", [], {}, 2**64 - 1, -(2**63), "é"])
def test_find_non_primitive_finds_nothing_in_a_primitive(value: object) -> None:
    assert find_non_primitive(value) is None


def test_find_non_primitive_leaves_references_alone() -> None:
    assert find_non_primitive([1j], is_reference=lambda value: type(value) is complex) is None


def test_check_primitives_says_what_was_expected() -> None:
    with pytest.raises(TypeError, match=r"^Hall\['exits'\]: set; expected None, bool, int, "):
        check_primitives({"exits": {"north"}}, "Hall")


def test_copy_state_names_what_is_no_primitive() -> None:
    with pytest.raises(TypeError, match=r"^Hall\['a'\]\[0\]: tuple"):
        copy_state({"a": [()]}, "Hall")
    with pytest.raises(TypeError, match=r"^Hall\['a'\]\[1\]: key is of type int"):
        copy_state({"a": {1: 1}}, "Hall")


def test_copy_state_keeps_references_as_they_are() -> None:
    other = object()
    copied = copy_state({"a": [other]}, is_reference=lambda value: value is other)
    assert copied["a"] == [other]


def test_nesting_is_taken_up_to_the_limit_and_not_beyond() -> None:
    deep = {"a": nested(MAX_DEPTH - 1)}
    assert copy_state(deep) == deep
    assert find_non_primitive(deep) is None
    with pytest.raises(TypeError, match="more than 64 containers deep"):
        copy_state({"a": nested(MAX_DEPTH)})


def test_a_container_that_holds_itself_is_refused() -> None:
    ring: dict[str, Any] = {}
    ring["left"] = ring["right"] = ring
    with pytest.raises(TypeError, match="containers deep"):
        copy_state(ring)
    with pytest.raises(TypeError, match="containers deep"):
        check_primitives(ring)
