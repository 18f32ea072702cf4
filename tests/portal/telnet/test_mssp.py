import pytest

from everdoor_portal.telnet.events import StatusWanted
from everdoor_portal.telnet.handlers import MalformedSubnegotiation
from everdoor_portal.telnet.mssp import MsspHandler, StatusValue, encode_status


@pytest.mark.parametrize(
    ("status", "payload"),
    [
        ({}, b""),
        ({"NAME": "Tiny"}, b"\x01NAME\x02Tiny"),
        ({"PLAYERS": 0, "UPTIME": 1700000000}, b"\x01PLAYERS\x020\x01UPTIME\x021700000000"),
        ({"PORT": [4000, 23]}, b"\x01PORT\x024000\x0223"),
        ({"PORT": [], "NAME": "a"}, b"\x01NAME\x02a"),
        ({"NA\x01ME": "a\x02b\0c"}, b"\x01NAME\x02abc"),
        ({"NAME": "Ünter\ud800"}, b"\x01NAME\x02\xc3\x9cnter?"),
    ],
)
def test_status_is_encoded(status: dict[str, StatusValue], payload: bytes) -> None:
    assert encode_status(status) == payload


def test_mssp_asks_its_owner_for_the_status() -> None:
    answer = MsspHandler().begin()
    assert (answer.send, answer.events) == (None, (StatusWanted(),))


def test_mssp_takes_nothing_from_the_client() -> None:
    with pytest.raises(MalformedSubnegotiation, match="expects nothing"):
        MsspHandler().receive(b"\x01NAME\x02x")
