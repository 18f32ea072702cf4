"""Which addresses are counted as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.addresses import address_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("fe80::1%eth0", "fe80::2%wlan0"),
        ("2001:DB8::1", "2001:db8:0:0::1"),
    ],
)
def test_address_counts_as_one_with_its_other_forms(one: str, other: str) -> None:
    assert address_key(one) == address_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "192.0.2.10"),
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("unix", "192.0.2.1"),
    ],
)
def test_address_counts_apart_from_others(one: str, other: str) -> None:
    assert address_key(one) != address_key(other)


@given(st.text(max_size=300))
def test_address_of_any_text_has_a_short_printable_key(text: str) -> None:
    key = address_key(text)
    assert len(key) <= 100
    assert key.isprintable()
