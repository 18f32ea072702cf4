import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor_portal.telnet.events import Event, Keepalive, Line, LineTooLong
from everdoor_portal.telnet.lines import MAX_LINE_BYTES, LineAssembler

LIMIT = 10

STREAMS: list[tuple[bytes, list[Event]]] = [
    (b"look\r\n", [Line("look")]),
    (b"look\n", [Line("look")]),
    (b"look\r\0", [Line("look")]),
    (b"look\r", [Line("look")]),
    (b"a\rb\r", [Line("a"), Line("b")]),
    (b"a\r\nb\nc\r\0d\r\n", [Line("a"), Line("b"), Line("c"), Line("d")]),
    (b"\r\n", [Line("")]),
    (b"\n\n", [Line(""), Line("")]),
    (b"\r\r\n", [Line(""), Line("")]),
    (b"a\r\0\n", [Line("a"), Line("")]),
    (b"a\r\n\0", [Line("a"), Keepalive()]),
    (b"unfinished", []),
    (b"a\nunfinished", [Line("a")]),
    ("grüße\r\n".encode(), [Line("grüße")]),
    ("grüße\r\n".encode("latin-1"), [Line("grüße")]),
    (b"gr\xc3\xbc\xe4\n", [Line("grÃ¼ä")]),
    ("日本語 🐉\n".encode(), [Line("日本語 🐉")]),
    (b"\0", [Keepalive()]),
    (b"\0\0\0", [Keepalive()]),
    (b"lo\0ok\n", [Keepalive(), Line("look")]),
    (b"\0a\n\0\0b\n", [Keepalive(), Line("a"), Keepalive(), Line("b")]),
    (b"a\x07b\x0c\n", [Line("ab")]),
    (b"get\tit\n", [Line("get it")]),
    (b"a\x1b[A\x1b[1;5Cb\n", [Line("ab")]),
    (b"a\x1bb\n", [Line("ab")]),
    ("a\x85b\u2028c\u2029d\n".encode(), [Line("abcd")]),
    (b"lokk\x08\x08ok\n", [Line("look")]),
    (b"lokk\x7f\x7fok\n", [Line("look")]),
    (b"\x08\x08a\n", [Line("a")]),
    ("grü\x7fuß\n".encode(), [Line("gruß")]),
    ("日本\x08\n".encode(), [Line("日")]),
    ("grü\x7fu\n".encode("latin-1"), [Line("gru")]),
    (b"a\x07\x08b\n", [Line("b")]),
    (b"x" * 10 + b"\n", [Line("x" * 10)]),
    (b"x" * 11 + b"\nok\n", [LineTooLong(11), Line("ok")]),
    ("ä".encode() * 10 + b"\n", [Line("ä" * 10)]),
    ("ä".encode() * 11 + b"\n", [LineTooLong(11)]),
    (b"x" * 20 + b"\x08" * 15 + b"\n", [Line("xxxxx")]),
]


def assemble(*chunks: bytes, max_chars: int = LIMIT) -> list[Event]:
    assembler = LineAssembler(max_chars)
    events: list[Event] = []
    for chunk in chunks:
        assembler.feed(chunk, events)
    return events


@pytest.mark.parametrize(("stream", "events"), STREAMS)
def test_lines_are_assembled_from_a_stream(stream: bytes, events: list[Event]) -> None:
    assert assemble(stream) == events


@pytest.mark.parametrize(("stream", "events"), STREAMS)
def test_lines_are_the_same_at_every_cut(stream: bytes, events: list[Event]) -> None:
    for cut in range(len(stream) + 1):
        assert assemble(stream[:cut], stream[cut:]) == events


@pytest.mark.parametrize(("stream", "events"), STREAMS)
def test_lines_are_the_same_byte_by_byte(stream: bytes, events: list[Event]) -> None:
    assert assemble(*(bytes([byte]) for byte in stream)) == events


def test_line_ended_by_cr_alone_is_told_before_more_comes() -> None:
    assembler = LineAssembler(LIMIT)
    events: list[Event] = []
    assembler.feed(b"a\r", events)
    assert events == [Line("a")]
    assembler.feed(b"", events)
    assembler.feed(b"\n", events)
    assert events == [Line("a")]


@pytest.mark.parametrize("max_chars", [0, 6000, 1_000_000])
def test_endless_line_is_one_event_and_keeps_little_memory(max_chars: int) -> None:
    assembler = LineAssembler(max_chars)
    events: list[Event] = []
    chunk = b"x" * 1_000_000
    for _ in range(1074):
        assembler.feed(chunk, events)
        assert assembler.buffered_bytes == 0
    assert events == []
    assembler.feed(b"\nok\n", events)
    assert events == [LineTooLong(1_074_000_000), Line("ok")]


@pytest.mark.parametrize("size", [MAX_LINE_BYTES, MAX_LINE_BYTES + 1])
@pytest.mark.parametrize("mark", [b"", "ß".encode()])
def test_line_without_a_limit_is_bounded_by_the_buffer(size: int, mark: bytes) -> None:
    line = mark + b"x" * (size - len(mark))
    text = line.decode()
    expected = Line(text) if size == MAX_LINE_BYTES else LineTooLong(len(text))
    assert assemble(line + b"\n", max_chars=0) == [expected]
    assert assemble(line[:5], line[5:], b"\n", max_chars=0) == [expected]


def test_keepalives_inside_an_unfinished_line_take_no_room() -> None:
    assembler = LineAssembler(LIMIT)
    events: list[Event] = []
    assembler.feed(b"lo", events)
    for _ in range(MAX_LINE_BYTES):
        assembler.feed(b"\0", events)
    assembler.feed(b"ok\n", events)
    assert events == [Keepalive(), Line("look")]


def test_erased_line_is_forgotten_also_when_it_was_endless() -> None:
    assembler = LineAssembler(LIMIT)
    events: list[Event] = []
    assembler.feed(b"secret", events)
    assembler.erase_line()
    assembler.feed(b"x" * (MAX_LINE_BYTES + 1), events)
    assembler.erase_line()
    assembler.feed(b"ok\n", events)
    assert events == [Line("ok")]


player_bytes = st.lists(
    st.sampled_from(
        [b"a", b"\r", b"\n", b"\0", b"\x08", b"\x7f", b"\xc3", b"\xbc", b"\xe4", b"\x1b[", b"A"]
    )
).map(b"".join)


@given(st.one_of(st.binary(), player_bytes), st.data())
def test_any_bytes_give_the_same_lines_however_cut(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[start:end] for start, end in zip(edges, edges[1:], strict=False)]
    assert assemble(*chunks) == assemble(stream)


@given(st.one_of(st.binary(), player_bytes))
def test_no_line_has_control_characters_or_is_over_the_limit(stream: bytes) -> None:
    for event in assemble(stream + b"\n"):
        if isinstance(event, Line):
            assert len(event.text) <= LIMIT
            assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in event.text)
            assert len(event.text.splitlines()) <= 1


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=40))
def test_text_typed_in_utf8_arrives_as_typed(text: str) -> None:
    assert assemble(text.encode() + b"\r\n", max_chars=0) == [Line(text)]
