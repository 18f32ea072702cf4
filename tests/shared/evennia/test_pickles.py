"""Values that Evennia has pickled: plain ones are read, nothing else is, and nothing is run."""

from __future__ import annotations

import base64
import collections
import datetime
import decimal
import os
import pickle
import pickletools
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everdoor.evennia import pickles
from everdoor.evennia.pickles import Reference, UnreadableValue, read_field, read_pickle

PLAIN = [
    None,
    True,
    -5,
    2**63 - 1,
    2.5,
    "ä" * 300,
    b"\0\xff",
    [],
    [1, [2, [3]]],
    (),
    (1, 2, 3, 4),
    {"a": {(1, "b"): [None]}},
    {1, 2},
    set(),
]

HERE = ("__packed_dbobj__", ("objects", "objectdb"), "2026:11:20-09:44:43:352147", 7)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_value_is_read_as_it_was(value: Any, protocol: int) -> None:
    found = read_pickle(pickle.dumps(value, protocol))
    assert (found, type(found)) == (value, type(value))


def test_other_containers_become_plain_ones() -> None:
    for value, plain in (
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (collections.defaultdict(list, {"x": [1]}), {"x": [1]}),
        (collections.deque([1, 2], maxlen=5), [1, 2]),
        (frozenset({1}), {1}),
    ):
        for protocol in (2, 4):
            found = read_pickle(pickle.dumps(value, protocol))
            assert (found, type(found)) == (plain, type(plain))


def test_value_that_is_shared_is_read_in_both_places() -> None:
    shared = ["x"]
    assert read_pickle(pickle.dumps({"a": shared, "b": shared}, 4)) == {"a": ["x"], "b": ["x"]}


def test_row_of_the_database_is_a_reference_wherever_it_stands() -> None:
    field = base64.b64encode(pickle.dumps({"in": [HERE], HERE: 1}, 4)).decode()
    here = Reference("objectdb", 7)
    assert read_field(field) == {"in": [here], here: 1}


def test_container_of_evennias_own_is_what_it_holds() -> None:
    # As `pickle.dumps` writes an instance of evennia.utils.dbserialize._SaverDict.
    module, name, held = (
        b"evennia.utils.dbserialize",
        b"_SaverDict",
        pickle.dumps({"x": 1}, 2)[2:-1],
    )
    made = b"\x80\x02c" + module + b"\n" + name + b"\n)\x81}X\x05\x00\x00\x00_data" + held + b"sb."
    assert read_pickle(made) == {"x": 1}


# What is refused.


class Runs:
    """Its pickle runs a program when it is read by Python."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_nothing_is_run(tmp_path: Path, protocol: int) -> None:
    made = tmp_path / "made"
    with pytest.raises(UnreadableValue, match=r"posix\.system|nt\.system"):
        read_pickle(pickle.dumps([Runs(made)], protocol))
    assert not made.exists()


def test_nothing_that_is_named_is_imported(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "atimport.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UnreadableValue, match=r"atimport\.x"):
        read_pickle(b"\x80\x02catimport\nx\n.")


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (datetime.datetime(2020, 1, 2), "datetime.datetime"),
        (decimal.Decimal("1.5"), "decimal.Decimal"),
        (len, "builtins.len"),
        (complex(1, 2), "builtins.complex"),
        (bytearray(b"x"), "builtins.bytearray"),
        (2**64, "a whole number of more than 64 bits"),
        (("__packed_session__", 1, 2.0), "a session"),
    ],
    ids=str,
)
def test_what_is_no_plain_value_is_refused_by_name(value: Any, what: str) -> None:
    with pytest.raises(UnreadableValue) as refused:
        read_pickle(pickle.dumps(value, 4))
    assert refused.value.what == what


HOSTILE = {
    "nothing": b"",
    "no end": b"\x80\x04]",
    "an empty stack": b"\x80\x04.",
    "a mark alone": b"\x80\x04(.",
    "a list as a key": b"\x80\x04}]K\x01s.",
    "a key without a value": b"\x80\x04}(K\x01u.",
    "a step of protocol 0": b"I1\n.",
    "a persistent id": b"Pid\n.",
    "an extension": b"\x80\x02\x82\x01.",
    "an instance": b"(ios\nsystem\n.",
    "a call of a value": b"\x80\x04K\x01)R.",
    "a call of a call": b"\x80\x02cbuiltins\ngetattr\n)R)R.",
    "a state for a list": b"\x80\x04]}b.",
    "a state that is none": b"\x80\x02cevennia.utils.dbserialize\n_SaverDict\n)\x81K\x01b.",
    "an item for a number": b"\x80\x04K\x01K\x02a.",
    "a memo that is not there": b"\x80\x04h\x07.",
    "a text longer than the pickle": b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"x.",
    "a number longer than the pickle": b"\x80\x04\x8b" + struct.pack("<i", 2**31 - 1) + b"x.",
    "a text that is no UTF-8": b"\x80\x04\x8c\x02\xff\xfe.",
    "itself": b"\x80\x04]\x94h\x00a.",
    "a tuple in a tuple in a tuple": b"\x80\x04)" + b"\x85" * 100_000 + b".",
    "the same as a key": b"\x80\x04})" + b"\x85" * 100_000 + b"K\x01s.",
    "twice the same, again and again": b"\x80\x04]" + b"2\x86" * 60 + b".",
    "the same as a member": b"\x80\x04\x8f()" + b"2\x86" * 60 + b"\x90.",
    "a long text again and again": b"\x80\x04X"
    + struct.pack("<I", 500_000)
    + b"x" * 500_000
    + b"\x94]("
    + b"h\x00" * 200_000
    + b"e.",
    "a long list copied again and again": b"\x80\x02ccollections\ndeque\nq\x00]("
    + b"N" * 100_000
    + b"e\x85q\x01"
    + b"h\x00h\x01R" * 100_000
    + b".",
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_hostile_pickle_is_refused(hostile: bytes) -> None:
    with pytest.raises(UnreadableValue):
        read_pickle(hostile)


def test_pickle_and_column_that_are_too_long_are_refused() -> None:
    with pytest.raises(UnreadableValue, match="more than"):
        read_pickle(pickle.dumps("x" * pickles.MAX_PICKLE_BYTES, 4))
    with pytest.raises(UnreadableValue, match="more than"):
        read_field("A" * 2 * pickles.MAX_PICKLE_BYTES)
    with pytest.raises(UnreadableValue, match="no pickle"):
        read_field("not base64!")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.binary(max_size=60) | st.lists(st.sampled_from(pickletools.opcodes)).map(
    lambda ops: b"".join(op.code.encode("latin-1") for op in ops)
))  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_random_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_pickle(data)
    except UnreadableValue as refused:
        assert refused.what


@given(values, st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_pickle_is_read_or_refused(value: Any, data: st.DataObject) -> None:
    damaged = bytearray(pickle.dumps(value, 4))
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] = data.draw(st.integers(0, 255))
    try:
        read_pickle(bytes(damaged))
    except UnreadableValue as refused:
        assert refused.what
