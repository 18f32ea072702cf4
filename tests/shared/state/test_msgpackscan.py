"""A scan steps over what MessagePack holds, and believes no length that the data does not have."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.state.msgpackscan import Scan, ScanFault

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.builds(lambda n: msgspec.msgpack.Ext(1, n.to_bytes(4, "big")), st.integers(0, 2**32 - 1)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(values, st.binary(max_size=3))
def test_scan_ends_where_the_value_does(value: Any, rest: bytes) -> None:
    data = msgspec.msgpack.encode(value)
    assert Scan(64).skip(data + rest, 0) == len(data)


@given(values)
def test_scan_tells_a_cut_at_every_byte(value: Any) -> None:
    data = msgspec.msgpack.encode(value)
    for end in range(len(data)):
        with pytest.raises(ScanFault) as caught:
            Scan(64).skip(data[:end], 0)
        assert caught.value.is_cut and caught.value.offset == end


def test_scan_counts_values_with_keys_and_containers() -> None:
    scan = Scan(64)
    scan.skip(msgspec.msgpack.encode({"a": [1, 2], "b": None}), 0)
    assert scan.values == 7


@pytest.mark.parametrize(
    "size", [0, 15, 16, 65_535, 65_536], ids=["none", "fix", "16", "16 full", "32"]
)
def test_scan_reads_every_format_of_containers(size: int) -> None:
    for value in ([1] * size, dict.fromkeys(map(str, range(size)), 1), "x" * size, b"x" * size):
        data = msgspec.msgpack.encode(value)
        assert Scan(64).skip(data, 0) == len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\xdd\xff\xff\xff\xff\x01",
        b"\xdf\xff\xff\xff\xff\x01",
        b"\xc6\xff\xff\xff\xff\x01",
        b"\xdb\xff\xff\xff\xff\x01",
    ],
    ids=["array", "map", "bin", "str"],
)
def test_scan_refuses_lengths_beyond_the_data(data: bytes) -> None:
    with pytest.raises(ScanFault, match="ends too early"):
        Scan(64).skip(data, 0)


def test_scan_allows_the_depth_and_no_more() -> None:
    assert Scan(3).skip(b"\x91\x91\x91\x01", 0) == 4
    with pytest.raises(ScanFault, match="more than 3 containers deep"):
        Scan(3).skip(b"\x91" * 4 + b"\x01", 0)


def test_scan_takes_a_million_lists_within_each_other_as_too_deep() -> None:
    with pytest.raises(ScanFault, match="deep"):
        Scan(64).skip(b"\x91" * 1_000_000 + b"\x01", 0)


@pytest.mark.parametrize("first", [0xC1, 0xC7, 0xC8, 0xC9, 0xD4, 0xD5, 0xD7, 0xD8])
def test_scan_refuses_formats_that_archives_do_not_hold(first: int) -> None:
    with pytest.raises(ScanFault, match=f"format {first:#x}"):
        Scan(64).skip(bytes([first]) + bytes(20), 0)
