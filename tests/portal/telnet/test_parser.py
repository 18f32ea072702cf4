import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor_portal.telnet.parser import (
    MAX_SUBNEGOTIATION_BYTES,
    OVERRUN_STEP_BYTES,
    Control,
    Data,
    Malformed,
    Negotiation,
    Parser,
    Subnegotiation,
    Token,
)

NO_END = Malformed("subnegotiation without option or end")
TOO_BIG = Malformed("subnegotiation over 4096 bytes")

STREAMS = [
    (b"look\r\n", [Data(b"look\r\n")]),
    (b"a\xff\xffb", [Data(b"a\xffb")]),
    (b"\xff\xff\xff\xff", [Data(b"\xff\xff")]),
    (b"\xff\xf1", [Control(241)]),
    (b"a\xff\xf6b", [Data(b"a"), Control(246), Data(b"b")]),
    (b"\xff\xf0", [Control(240)]),
    (b"\xff\x41b", [Control(0x41), Data(b"b")]),
    (b"\xff\xfd\x18\xff\xfb\x1f", [Negotiation(253, 24), Negotiation(251, 31)]),
    (b"\xff\xfe\xff", [Negotiation(254, 255)]),
    (b"\xff\xff\xff\xfd\x03\xff\xff", [Data(b"\xff"), Negotiation(253, 3), Data(b"\xff")]),
    (b"\xff\xfa\x1f\0\x50\0\x18\xff\xf0x", [Subnegotiation(31, b"\0P\0\x18"), Data(b"x")]),
    (b"\xff\xfa\x1f\0\xff\xff\0\x18\xff\xf0", [Subnegotiation(31, b"\0\xff\0\x18")]),
    (b"\xff\xfa\x18\xff\xf0", [Subnegotiation(24, b"")]),
    (b"\xff\xfa\xff\xff\x01\xff\xf0", [Subnegotiation(255, b"\x01")]),
    (b"\xff\xfa\xff\xf0ok", [NO_END, Data(b"ok")]),
    (b"\xff\xfa\x18ab\xff\xf1ok", [NO_END, Control(241), Data(b"ok")]),
    (b"\xff\xfa\x18ab\xff\xfd\x03ok", [NO_END, Negotiation(253, 3), Data(b"ok")]),
    (b"\xff\xfa\x18a\xff\xfa\x1fb\xff\xf0", [NO_END, Subnegotiation(31, b"b")]),
    (b"\xff\xfa" + b"s" * 4096 + b"\xff\xf0", [Subnegotiation(115, b"s" * 4095)]),
    (b"\xff\xfa" + b"s" * 4097 + b"\xff\xf0ok", [TOO_BIG, Data(b"ok")]),
    (b"\xff\xfa" + b"s" * 4097 + b"\xff\xf1ok", [TOO_BIG, Control(241), Data(b"ok")]),
]


def joined(tokens: list[Token]) -> list[Token]:
    """Join neighbouring Data: where data was cut is of no meaning."""
    result: list[Token] = []
    for token in tokens:
        last = result[-1] if result else None
        if isinstance(token, Data) and isinstance(last, Data):
            result[-1] = Data(last.data + token.data)
        else:
            result.append(token)
    return result


def parse(*chunks: bytes) -> list[Token]:
    parser = Parser()
    return joined([token for chunk in chunks for token in parser.feed(chunk)])


@pytest.mark.parametrize(("stream", "tokens"), STREAMS)
def test_parser_splits_a_stream_into_tokens(stream: bytes, tokens: list[Token]) -> None:
    assert parse(stream) == tokens


@pytest.mark.parametrize(("stream", "tokens"), STREAMS)
def test_parser_gives_the_same_tokens_at_every_cut(stream: bytes, tokens: list[Token]) -> None:
    for cut in range(len(stream) + 1):
        assert parse(stream[:cut], stream[cut:]) == tokens


@pytest.mark.parametrize(("stream", "tokens"), STREAMS)
def test_parser_gives_the_same_tokens_byte_by_byte(stream: bytes, tokens: list[Token]) -> None:
    assert parse(*(bytes([byte]) for byte in stream)) == tokens


@pytest.mark.parametrize("unfinished", [b"\xff", b"\xff\xfd", b"\xff\xfa", b"\xff\xfa\x18ab\xff"])
def test_parser_says_nothing_of_an_unfinished_sequence(unfinished: bytes) -> None:
    parser = Parser()
    assert parser.feed(unfinished) == []
    assert not parser.is_between_commands


def test_parser_gives_no_token_for_an_empty_chunk() -> None:
    assert Parser().feed(b"") == []


def test_endless_subnegotiation_is_bounded_and_reported_again_and_again() -> None:
    parser = Parser()
    parser.feed(b"\xff\xfa\x18")
    reports = []
    for _ in range(10):
        reports += parser.feed(b"x" * OVERRUN_STEP_BYTES)
        assert parser.buffered_bytes <= MAX_SUBNEGOTIATION_BYTES
    assert reports == [TOO_BIG] * 10


telnet_bytes = st.lists(
    st.sampled_from([b"\xff", b"\xfa", b"\xf0", b"\xfd", b"\x18", b"a", b"\r\n", b"y" * 700])
).map(b"".join)


@given(st.one_of(st.binary(), telnet_bytes), st.data())
def test_any_bytes_parse_the_same_however_cut_and_stay_bounded(
    stream: bytes, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    edges = [0, *cuts, len(stream)]
    parser = Parser()
    tokens: list[Token] = []
    for start, end in zip(edges, edges[1:], strict=False):
        tokens += parser.feed(stream[start:end])
        assert parser.buffered_bytes <= MAX_SUBNEGOTIATION_BYTES + 2
    assert joined(tokens) == parse(stream)
