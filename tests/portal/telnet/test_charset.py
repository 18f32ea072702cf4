import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor_portal.telnet.charset import CharsetHandler
from everdoor_portal.telnet.handlers import MalformedSubnegotiation


def test_charset_offers_utf8_first_then_latin1() -> None:
    assert CharsetHandler().begin().send == b"\x01;UTF-8;ISO-8859-1"


@pytest.mark.parametrize(
    ("payload", "flags"),
    [
        (b"\x02UTF-8", {"ENCODING": "utf-8", "UTF-8": True}),
        (b"\x02utf-8", {"ENCODING": "utf-8", "UTF-8": True}),
        (b"\x02ISO-8859-1", {"ENCODING": "iso8859-1", "UTF-8": False}),
        (b"\x03", {}),
    ],
)
def test_charset_takes_the_clients_choice(payload: bytes, flags: dict[str, object]) -> None:
    handler = CharsetHandler()
    assert handler.receive(payload).flags == flags
    assert handler.is_settled


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "expects ACCEPTED or REJECTED"),
        (b"\x01;UTF-8", "expects ACCEPTED or REJECTED"),
        (b"\x03UTF-8", "expects ACCEPTED or REJECTED"),
        (b"\x04", "expects ACCEPTED or REJECTED"),
        (b"\x02", "one of UTF-8, ISO-8859-1"),
        (b"\x02UTF-16", "one of UTF-8, ISO-8859-1"),
        (b"\x02\xff", "one of UTF-8, ISO-8859-1"),
    ],
)
def test_charset_refuses_what_is_no_answer_and_still_waits_for_one(
    payload: bytes, reason: str
) -> None:
    handler = CharsetHandler()
    with pytest.raises(MalformedSubnegotiation, match=reason):
        handler.receive(payload)
    assert not handler.is_settled


def test_charset_takes_one_answer() -> None:
    handler = CharsetHandler()
    handler.receive(b"\x03")
    with pytest.raises(MalformedSubnegotiation, match="without a question"):
        handler.receive(b"\x02UTF-8")


@given(st.binary(max_size=40))
def test_charset_raises_nothing_but_what_it_says(payload: bytes) -> None:
    handler = CharsetHandler()
    try:
        handler.receive(payload)
    except MalformedSubnegotiation:
        assert not handler.is_settled
