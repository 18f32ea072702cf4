import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor_portal.telnet.handlers import MalformedSubnegotiation
from everdoor_portal.telnet.newenviron import ASKED, NewEnvironHandler

IS, INFO, VAR, VALUE, ESC, USERVAR = b"\0", b"\2", b"\0", b"\1", b"\2", b"\3"


def variable(name: str, value: str, kind: bytes = VAR) -> bytes:
    return kind + name.encode("latin-1") + VALUE + value.encode("latin-1")


def test_newenviron_asks_for_the_names_of_mud_clients_and_no_other() -> None:
    sent = NewEnvironHandler().begin().send
    assert sent == b"\1\0CHARSET\0CLIENT_NAME\0CLIENT_VERSION\0MTTS\0TERMINAL_TYPE"


@pytest.mark.parametrize(
    ("payload", "flags"),
    [
        (IS, {}),
        (IS + VAR + b"CLIENT_NAME", {}),
        (IS + variable("CLIENT_NAME", ""), {}),
        (IS + variable("CLIENT_NAME", "Mudlet"), {"CLIENTNAME": "Mudlet"}),
        (INFO + variable("CLIENT_VERSION", "4.17"), {"CLIENTVERSION": "4.17"}),
        (IS + variable("CLIENT_NAME", "Mudlet", USERVAR), {"CLIENTNAME": "Mudlet"}),
        (IS + variable("CHARSET", "ISO-8859-1"), {"ENCODING": "iso8859-1"}),
        (IS + variable("CHARSET", "KLINGON"), {}),
        (IS + variable("CHARSET", "UTF-16"), {}),
        (IS + variable("TERMINAL_TYPE", "ANSI"), {"TERM": "ANSI", "ANSI": True}),
        (IS + variable("USER", "anna") + variable("CLIENT_NAME", "a"), {"CLIENTNAME": "a"}),
        (IS + VAR + b"CLIENT" + ESC + b"_NAME" + VALUE + b"a", {"CLIENTNAME": "a"}),
        (IS + VAR + ESC + VAR + ESC + ESC + VALUE + ESC + VALUE, {}),
        (IS + VAR + VALUE + b"nameless", {}),
    ],
)
def test_newenviron_turns_variables_into_flags(payload: bytes, flags: dict[str, object]) -> None:
    handler = NewEnvironHandler()
    assert handler.receive(payload).flags == flags
    assert handler.is_settled


def test_newenviron_reads_the_number_of_mtts() -> None:
    flags = NewEnvironHandler().receive(IS + variable("MTTS", "269")).flags
    assert {name for name, value in flags.items() if value} == {
        "ANSI",
        "UTF-8",
        "XTERM256",
        "TRUECOLOR",
    }


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "expects IS or INFO"),
        (b"\1" + variable("CLIENT_NAME", "a"), "expects IS or INFO"),
        (IS + b"CLIENT_NAME", "expects VAR, USERVAR or VALUE"),
        (IS + VAR + b"CLIENT_NAME" + ESC, "expects VAR, USERVAR or VALUE"),
        (IS + VALUE + b"a", "one VALUE behind a name"),
        (IS + variable("USER", "a") + VALUE + b"b", "one VALUE behind a name"),
        (IS + variable("MTTS", "much"), "MTTS expects a number"),
        (IS + variable("CLIENT_NAME", "a\nb"), "printable ASCII characters for CLIENT_NAME"),
        (IS + variable("CLIENT_NAME", "\xe9"), "printable ASCII characters for CLIENT_NAME"),
        (IS + variable("CLIENT_NAME", "a" * 65), "at most 64"),
    ],
)
def test_newenviron_refuses_another_layout(payload: bytes, reason: str) -> None:
    with pytest.raises(MalformedSubnegotiation, match=reason):
        NewEnvironHandler().receive(payload)


def test_newenviron_keeps_nothing_of_a_hundred_thousand_variables() -> None:
    payload = IS + b"".join(variable(f"V{n}", "x") for n in range(100_000))
    assert NewEnvironHandler().receive(payload).flags == {}


pieces = st.sampled_from([VAR, VALUE, ESC, USERVAR, *(name.encode() for name in ASKED), b"1"])


@given(st.lists(pieces | st.binary(max_size=3)).map(b"".join))
def test_newenviron_raises_nothing_but_what_it_says(payload: bytes) -> None:
    try:
        NewEnvironHandler().receive(IS + payload)
    except MalformedSubnegotiation:
        pass
