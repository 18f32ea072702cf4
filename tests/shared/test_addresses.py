"""Which addresses are counted as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.addresses import address_key, is_within, parse_networks


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


@pytest.mark.parametrize(
    ("address", "text", "expected"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", " 192.0.2.1 ,10.1.2.99/8", True),
        ("::ffff:10.1.2.3", "10.1.2.3", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("2001:db8::1", "10.0.0.0/8, 2001:db8::/32", True),
        ("10.1.2.3", "::/0", False),
        ("10.1.2.3", " ", False),
        ("/run/a.socket", "0.0.0.0/0, ::/0", False),
    ],
)
def test_address_is_within_ranges(address: str, text: str, expected: bool) -> None:
    assert is_within(address, parse_networks(text)) is expected


@pytest.mark.parametrize(
    "text", ["localhost", "10.0.0.0/33", "10.0.0.1,", ",", "10.0.0.1 10.0.0.2"]
)
def test_ranges_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not appear to be an IPv4 or IPv6 network"):
        parse_networks(text)
