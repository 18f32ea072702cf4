"""The proof that two processes hold the same copies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.digest import DIGEST_BYTES, digest_of_copies

Copies = list[tuple[int, int, dict[str, Any]]]

COPIES: Copies = [
    (1, 5, {"uid": 7, "uname": "Anna", "server_data": {"page": 2, "lines": ["a"]}}),
    (3, 0, {"uid": None}),
]


def test_digest_has_its_length_also_of_nothing() -> None:
    assert len(digest_of_copies([])) == len(digest_of_copies(COPIES)) == DIGEST_BYTES


def test_digest_is_the_same_in_any_order_of_copies_and_of_fields() -> None:
    turned = [(conn, cursor, dict(reversed(state.items()))) for conn, cursor, state in COPIES]
    assert digest_of_copies(reversed(turned)) == digest_of_copies(COPIES)


@pytest.mark.parametrize(
    "other",
    [
        COPIES[:1],
        [*COPIES, (4, 0, {})],
        [(2, *COPIES[0][1:]), COPIES[1]],
        [(1, 6, COPIES[0][2]), COPIES[1]],
        [(1, 5, {**COPIES[0][2], "uid": 8}), COPIES[1]],
        [(1, 5, {**COPIES[0][2], "puid": None}), COPIES[1]],
        [(1, 5, {**COPIES[0][2], "server_data": {"page": 2, "lines": ["b"]}}), COPIES[1]],
    ],
    ids=["one less", "one more", "connection", "cursor", "value", "field", "value within"],
)
def test_digest_differs_when_anything_does(other: Copies) -> None:
    assert digest_of_copies(other) != digest_of_copies(COPIES)


@given(
    st.dictionaries(
        st.integers(1, 99),
        st.tuples(st.integers(0, 99), st.dictionaries(st.text(max_size=3), st.booleans())),
    ),
    st.randoms(),
)
def test_digest_is_that_of_the_set_of_copies(copies: dict[int, Any], chance: Any) -> None:
    listed = [(conn, cursor, state) for conn, (cursor, state) in copies.items()]
    shuffled = list(listed)
    chance.shuffle(shuffled)
    assert digest_of_copies(shuffled) == digest_of_copies(listed)
