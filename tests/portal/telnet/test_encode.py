import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor_portal.telnet.encode import encode_text, escape
from everdoor_portal.telnet.parser import Data, Parser


@pytest.mark.parametrize(
    ("text", "encoding", "data"),
    [
        ("", "utf-8", b""),
        ("look", "utf-8", b"look"),
        ("a\nb\n", "utf-8", b"a\r\nb\r\n"),
        ("a\r\nb\rc\n\n", "utf-8", b"a\r\nb\r\nc\r\n\r\n"),
        ("grüße", "utf-8", "grüße".encode()),
        ("grüße", "latin-1", b"gr\xfc\xdfe"),
        ("日本", "latin-1", b"??"),
        ("\udc80", "utf-8", b"?"),
        ("ÿ", "latin-1", b"\xff\xff"),
        ("ÿÿ\n", "latin-1", b"\xff\xff\xff\xff\r\n"),
        ("\x1b[31mred", "utf-8", b"\x1b[31mred"),
    ],
)
def test_text_is_encoded_for_the_wire(text: str, encoding: str, data: bytes) -> None:
    assert encode_text(text, encoding) == data


@given(st.text(), st.sampled_from(["utf-8", "latin-1"]))
def test_no_text_can_say_a_telnet_command(text: str, encoding: str) -> None:
    tokens = Parser().feed(encode_text(text, encoding))
    assert all(isinstance(token, Data) for token in tokens)
    assert len(tokens) <= 1


def test_escape_doubles_only_iac() -> None:
    assert escape(b"a\xffb\xfe") == b"a\xff\xffb\xfe"
