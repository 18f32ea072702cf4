import pytest

from everdoor_portal.telnet.handlers import MalformedSubnegotiation
from everdoor_portal.telnet.naws import NawsHandler


@pytest.mark.parametrize(
    ("payload", "width", "height"),
    [
        (b"\0\x50\0\x18", 80, 24),
        (b"\x01\x00\x00\xff", 256, 255),
        (b"\0\0\0\0", 78, 45),
        (b"\0\0\0\x18", 78, 24),
        (b"\0\x50\0\0", 80, 45),
        (b"\xff\xff\xff\xff", 1000, 1000),
        (b"\0\x01\0\x01", 10, 1),
    ],
)
def test_naws_reads_a_size_within_sane_bounds(payload: bytes, width: int, height: int) -> None:
    flags = NawsHandler().receive(payload).flags
    told = payload[:2] != b"\0\0"
    assert flags == {"SCREENWIDTH": width, "SCREENHEIGHT": height, "NAWS": told}


@pytest.mark.parametrize("payload", [b"", b"\0\x50\0", b"\0\x50\0\x18\0"])
def test_naws_refuses_another_layout(payload: bytes) -> None:
    with pytest.raises(MalformedSubnegotiation, match=f"4 bytes, {len(payload)} came"):
        NawsHandler().receive(payload)


def test_naws_asks_nothing_and_is_settled() -> None:
    handler = NawsHandler()
    assert handler.begin().send is None
    assert handler.is_settled
