import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor_portal.telnet.handlers import MalformedSubnegotiation
from everdoor_portal.telnet.linemode import LinemodeHandler

SLC = b"\x03"


def test_linemode_has_the_client_edit_lines() -> None:
    assert LinemodeHandler().begin().send == b"\x01\x01"


@pytest.mark.parametrize(
    ("payload", "sent"),
    [
        (b"\x01\x05", None),
        (b"\x01\x04", None),
        (b"\x01\x00", b"\x01\x01"),
        (b"\x01\x03", b"\x01\x01"),
        (SLC, None),
        (SLC + b"\x0a\x02\x7f", SLC + b"\x0a\x82\x7f"),
        (SLC + b"\x0a\x82\x7f", None),
        (SLC + b"\x00\x03\x00", None),
        (SLC + b"\x01\x03\x00\x0b\x02\x15\x0a\x82\x7f", SLC + b"\x01\x83\x00\x0b\x82\x15"),
        (b"\xfc\x02", None),
    ],
)
def test_linemode_agrees_once_and_answers_no_agreement(payload: bytes, sent: bytes | None) -> None:
    assert LinemodeHandler().receive(payload).send == sent


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x01", b"\x01\x01\x01", SLC + b"\x0a", SLC + b"\x0a\x02\x7f\x0b", b"\xfb\x02", b"\x04"],
)
def test_linemode_refuses_another_layout(payload: bytes) -> None:
    with pytest.raises(MalformedSubnegotiation, match="expects MODE, SLC or WONT FORWARDMASK"):
        LinemodeHandler().receive(payload)


@given(st.binary(max_size=12) | st.binary(max_size=30).map(lambda keys: SLC + keys))
def test_two_that_agree_to_keys_fall_silent(payload: bytes) -> None:
    try:
        sent = LinemodeHandler().receive(payload).send
    except MalformedSubnegotiation:
        return
    if sent is not None and sent.startswith(SLC):
        assert LinemodeHandler().receive(sent).send is None
