import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor_portal.gateways.proxyheader import (
    MAX_V1_BYTES,
    MAX_V2_BYTES,
    HeaderReader,
    MalformedHeader,
    Origin,
)

START = b"\r\n\r\n\0\r\nQUIT\n"
FOUR = b"\xcb\x00\x71\x07" + b"\x0a\x00\x00\x01" + b"\xd9\x03" + b"\x0f\xa0"
SIX = bytes.fromhex("20010db8000000000000000000000007") + bytes(15) + b"\x01" + b"\0\x07\0\x08"


def second(command: int, family: int, body: bytes) -> bytes:
    return START + bytes((command, family)) + len(body).to_bytes(2, "big") + body


HEADERS = [
    (b"PROXY TCP4 203.0.113.7 10.0.0.1 55555 4000\r\n", "203.0.113.7", 55555),
    (b"PROXY TCP6 2001:DB8::7 ::1 7 4000\r\n", "2001:db8::7", 7),
    (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255", 65535),
    (b"PROXY TCP6 ::ffff:203.0.113.7 ::1 7 4000\r\n", "203.0.113.7", 7),
    (b"PROXY UNKNOWN\r\n", "", 0),
    (b"PROXY UNKNOWN whatever comes here 1 2\r\n", "", 0),
    (second(0x21, 0x11, FOUR), "203.0.113.7", 55555),
    (second(0x21, 0x21, SIX), "2001:db8::7", 7),
    (second(0x21, 0x11, FOUR + b"\x03\0\x04abcd"), "203.0.113.7", 55555),
    (second(0x20, 0x11, FOUR), "", 0),
    (second(0x20, 0x00, b""), "", 0),
    (second(0x21, 0x00, b"x" * 50), "", 0),
    (second(0x21, 0x31, b"u" * 216), "", 0),
    (second(0x21, 0x11, FOUR + bytes(MAX_V2_BYTES - 16 - len(FOUR))), "203.0.113.7", 55555),
]


@pytest.mark.parametrize(("header", "address", "port"), HEADERS)
def test_header_tells_the_origin_and_leaves_the_rest(
    header: bytes, address: str, port: int
) -> None:
    typed = b"look\r\nPROXY \xff"
    assert HeaderReader().receive_data(header + typed) == Origin(address, port, typed)


@pytest.mark.parametrize(("header", "address", "port"), HEADERS)
def test_header_is_the_same_at_every_cut(header: bytes, address: str, port: int) -> None:
    for cut in range(len(header)):
        reader = HeaderReader()
        assert reader.receive_data(header[:cut]) is None
        assert reader.receive_data(header[cut:] + b"x") == Origin(address, port, b"x")


MALFORMED = [
    (b"look\r\n", "other bytes came"),
    (b"\r\nlook\r\n", "other bytes came"),
    (b"PROXY tcp4 1.2.3.4 1.2.3.4 1 1\r\n", "line of version 1"),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "line of version 1"),
    (b"PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n", "line of version 1"),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n", "line of version 1"),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n", "line of version 1"),
    (b"PROXY UNKNOWNS\r\n", "line of version 1"),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n", "and ports"),
    (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", "and ports"),
    (b"PROXY TCP4 ::1 ::1 1 1\r\n", "of the family"),
    (b"PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n", "of the family"),
    (b"PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n", "of the family"),
    (b"PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n", "IP addresses"),
    (b"PROXY TCP4 1.2.3.4 localhost 1 1\r\n", "IP addresses"),
    (b"PROXY UNKNOWN " + b"x" * 100, f"at most {MAX_V1_BYTES} bytes"),
    (b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n", f"at most {MAX_V1_BYTES} bytes"),
    (second(0x11, 0x11, FOUR), "0x11 came"),
    (second(0x22, 0x11, FOUR), "0x22 came"),
    (second(0x21, 0x12, FOUR), "family 0x12"),
    (second(0x21, 0x11, FOUR[:-1]), "two addresses and ports"),
    (second(0x21, 0x21, FOUR), "two addresses and ports"),
    (second(0x21, 0x11, FOUR + bytes(MAX_V2_BYTES)), f"at most {MAX_V2_BYTES} bytes"),
    (START + b"\x21\x11\xff\xff", f"at most {MAX_V2_BYTES} bytes"),
]


@pytest.mark.parametrize(("header", "reason"), MALFORMED)
def test_what_is_no_header_is_refused(header: bytes, reason: str) -> None:
    with pytest.raises(MalformedHeader, match=reason):
        HeaderReader().receive_data(header)


@given(st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", START, START + b"\x21\x11"]), st.binary())
def test_any_bytes_are_an_origin_or_refused_and_little_is_held(start: bytes, end: bytes) -> None:
    reader = HeaderReader()
    data = start + end
    for position in range(len(data)):
        try:
            origin = reader.receive_data(data[position : position + 1])
        except MalformedHeader:
            return
        if origin is not None:
            assert origin.rest == b""
            return
    assert len(data) < MAX_V2_BYTES
