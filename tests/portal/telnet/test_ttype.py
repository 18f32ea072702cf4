import pytest

from everdoor_portal.telnet.events import FlagValue
from everdoor_portal.telnet.handlers import MalformedSubnegotiation
from everdoor_portal.telnet.ttype import TtypeHandler, mtts_flags, terminal_flags

SEND = b"\x01"


def answers(*names: bytes) -> tuple[TtypeHandler, dict[str, FlagValue], list[bytes | None]]:
    """Give the names in turn; returns the handler, the flags, and what was sent each time."""
    handler = TtypeHandler()
    flags: dict[str, FlagValue] = {}
    sent = [handler.begin().send]
    for name in names:
        answer = handler.receive(b"\0" + name)
        flags |= answer.flags
        sent.append(answer.send)
    return handler, flags, sent


def test_ttype_cycles_through_name_terminal_and_mtts() -> None:
    handler, flags, sent = answers(b"Mudlet 4.17", b"ANSI-TRUECOLOR", b"MTTS 2349")
    assert sent == [SEND, SEND, SEND, None]
    assert handler.is_settled
    assert (flags["CLIENTNAME"], flags["TERM"]) == ("Mudlet 4.17", "ANSI-TRUECOLOR")
    known = {"ANSI", "UTF-8", "XTERM256", "OSC_COLOR_PALETTE", "TRUECOLOR", "SSL"}
    assert {name for name, value in flags.items() if value is True} == known


def test_ttype_ends_when_a_plain_client_repeats_itself() -> None:
    handler, flags, sent = answers(b"XTERM-256COLOR", b"XTERM-256COLOR")
    assert sent == [SEND, SEND, None]
    assert handler.is_settled
    assert flags["TERM"] == "XTERM-256COLOR"
    assert flags["XTERM256"] is True


def test_ttype_asks_three_times_at_most() -> None:
    handler, flags, sent = answers(b"A", b"B", b"C")
    assert sent == [SEND, SEND, SEND, None]
    assert flags == {"CLIENTNAME": "A", "TERM": "B"}


def test_ttype_takes_mtts_whenever_it_comes() -> None:
    handler, flags, _ = answers(b"MTTS 64")
    assert handler.is_settled
    assert flags["SCREENREADER"] is True


def test_ttype_refuses_an_answer_without_a_question() -> None:
    handler, _, _ = answers(b"A", b"A")
    with pytest.raises(MalformedSubnegotiation, match="without a question"):
        handler.receive(b"\0A")


@pytest.mark.parametrize(
    "payload",
    [b"", b"\0", b"\0   ", b"\x01XTERM", b"XTERM", b"\0" + b"x" * 65, b"\0a\x1b[2J", b"\0\xe4"],
)
def test_ttype_refuses_a_broken_answer_and_still_waits(payload: bytes) -> None:
    handler = TtypeHandler()
    with pytest.raises(MalformedSubnegotiation):
        handler.receive(payload)
    assert handler.receive(b"\0XTERM").send == SEND


@pytest.mark.parametrize("answer", ["MTTS ", "MTTS x", "MTTS -1", "MTTS 1234567"])
def test_mtts_refuses_what_is_no_small_number(answer: str) -> None:
    with pytest.raises(MalformedSubnegotiation):
        mtts_flags(answer)


@pytest.mark.parametrize(
    ("bit", "flag"),
    [(1, "ANSI"), (4, "UTF-8"), (8, "XTERM256"), (64, "SCREENREADER"), (256, "TRUECOLOR")],
)
def test_mtts_bit_sets_its_flag_and_clears_the_others(bit: int, flag: str) -> None:
    flags = mtts_flags(f"MTTS {bit}")
    assert [name for name, value in flags.items() if value] == [flag]


def test_mtts_ignores_unknown_bits() -> None:
    assert not any(mtts_flags("MTTS 524288").values())


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("xterm-256color", {"ANSI", "XTERM256"}),
        ("ANSI-TRUECOLOR", {"ANSI", "XTERM256", "TRUECOLOR"}),
        ("VT100", {"ANSI"}),
        ("linux", {"ANSI"}),
        ("TINTIN++", set()),
    ],
)
def test_terminal_name_tells_its_colours(name: str, known: set[str]) -> None:
    assert terminal_flags(name) == dict.fromkeys(known, True)


@pytest.mark.parametrize("name", ["dumb", "DUMB", "unknown", "NETWORK"])
def test_terminal_that_shows_nothing_but_text_is_believed(name: str) -> None:
    assert terminal_flags(name) == {"ANSI": False}
