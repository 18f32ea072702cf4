import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor_portal.telnet.connection import TelnetConnection
from everdoor_portal.telnet.events import (
    EndOfInput,
    Event,
    FlagsChanged,
    FlagValue,
    Keepalive,
    Line,
    LineTooLong,
    OutOfBand,
    ProtocolAbuse,
    StatusWanted,
)
from everdoor_portal.telnet.lines import MAX_LINE_BYTES
from everdoor_portal.telnet.options import SUPPORTED
from everdoor_portal.telnet.parser import MAX_SUBNEGOTIATION_BYTES

DO, DONT, WILL, WONT = b"\xff\xfd", b"\xff\xfe", b"\xff\xfb", b"\xff\xfc"
SB, SE, GA, NOP, AYT, EC, EL = (b"\xff" + bytes([c]) for c in (250, 240, 249, 241, 246, 247, 248))
ECHO, SGA, TTYPE, NAWS, UNKNOWN = b"\x01", b"\x03", b"\x18", b"\x1f", b"\x63"
CHARSET, ENVIRON = b"\x2a", b"\x27"
MSSP, GMCP, MSDP = b"\x46", b"\xc9", b"\x45"
BINARY, LINEMODE, MXP, MCCP2, MCCP3 = b"\0", b"\x22", b"\x5b", b"\x56", b"\x57"
EOR, END_OF_RECORD = b"\x19", b"\xff\xef"
TTYPE_SEND = SB + TTYPE + b"\x01" + SE


def size(width: int, height: int) -> bytes:
    payload = width.to_bytes(2, "big") + height.to_bytes(2, "big")
    return SB + NAWS + payload.replace(b"\xff", b"\xff\xff") + SE


def window(width: int, height: int) -> FlagsChanged:
    return FlagsChanged({"SCREENWIDTH": width, "SCREENHEIGHT": height, "NAWS": True})


def terminal(name: str) -> bytes:
    return SB + TTYPE + b"\0" + name.encode() + SE


def gmcp(packet: bytes) -> bytes:
    return SB + GMCP + packet + SE


def started(max_chars: int = 6000) -> TelnetConnection:
    connection = TelnetConnection(max_chars)
    connection.start()
    connection.data_to_send()
    return connection


def exchange(connection: TelnetConnection, *chunks: bytes) -> tuple[list[Event], bytes]:
    for chunk in chunks:
        connection.receive_data(chunk, now=0.0)
    return connection.events_received(), connection.data_to_send()


MUD_CLIENT = (WILL + TTYPE + WILL + NAWS + size(120, 40)) + (
    terminal("Mudlet") + terminal("XTERM") + terminal("MTTS 13") + b"look\r\n"
)
MUD_CLIENT_FLAGS: dict[str, FlagValue] = {
    "SCREENWIDTH": 120,
    "SCREENHEIGHT": 40,
    "NAWS": True,
    "CLIENTNAME": "Mudlet",
    "TERM": "XTERM",
    "UTF-8": True,
    "XTERM256": True,
}
STREAMS: list[tuple[bytes, list[Event], bytes]] = [
    (b"look\r\nsay hi\r\n", [Line("look"), Line("say hi")], b""),
    (b"na\xff\xffme\n", [Line("naÿme")], b""),
    (WILL + NAWS + size(100, 50), [window(100, 50)], b""),
    (WILL + NAWS + size(255, 255), [window(255, 255)], b""),
    (
        WILL + NAWS + size(100, 50) + size(0, 0),
        [FlagsChanged({"SCREENWIDTH": 78, "SCREENHEIGHT": 45, "NAWS": False})],
        b"",
    ),
    (WILL + NAWS + size(78, 45), [FlagsChanged({"NAWS": True})], b""),
    (WONT + NAWS + WONT + TTYPE, [], b""),
    (WILL + TTYPE, [], TTYPE_SEND),
    (
        MUD_CLIENT,
        [
            FlagsChanged(MUD_CLIENT_FLAGS),
            Line("look"),
        ],
        TTYPE_SEND * 3,
    ),
    (DO + UNKNOWN, [], WONT + UNKNOWN),
    (WILL + UNKNOWN, [], DONT + UNKNOWN),
    (DONT + UNKNOWN + WONT + UNKNOWN, [], b""),
    (DO + TTYPE + DO + NAWS, [], WONT + TTYPE + WONT + NAWS),
    (DO + ECHO + WILL + ECHO, [], WONT + ECHO + DONT + ECHO),
    (DO + SGA + WILL + SGA, [], WILL + SGA + DO + SGA),
    (DO + b"\xff", [], WONT + b"\xff"),
    (
        DO + CHARSET + SB + CHARSET + b"\x02ISO-8859-1" + SE + b"\xe9\xff\xff\n",
        [FlagsChanged({"ENCODING": "iso8859-1"}), Line("éÿ")],
        SB + CHARSET + b"\x01;UTF-8;ISO-8859-1" + SE,
    ),
    (WILL + CHARSET, [], DONT + CHARSET),
    (
        WILL + ENVIRON + SB + ENVIRON + b"\0\0CLIENT_NAME\1Mudlet\3USER\1anna" + SE,
        [FlagsChanged({"CLIENTNAME": "Mudlet"})],
        SB + ENVIRON + b"\1\0CHARSET\0CLIENT_NAME\0CLIENT_VERSION\0MTTS\0TERMINAL_TYPE" + SE,
    ),
    (DO + ENVIRON, [], WONT + ENVIRON),
    (DO + MSSP, [StatusWanted()], b""),
    (DO + MXP, [FlagsChanged({"MXP": True})], SB + MXP + SE),
    (DO + MXP + DONT + MXP, [FlagsChanged({"MXP": False})], SB + MXP + SE + WONT + MXP),
    (DO + BINARY + WILL + BINARY + b"a\r\0", [Line("a")], WILL + BINARY + DO + BINARY),
    (
        WILL + LINEMODE + SB + LINEMODE + b"\x03\x0a\x02\xff\xff" + SE + b"a\n",
        [Line("a")],
        DO + LINEMODE + SB + LINEMODE + b"\1\1" + SE + SB + LINEMODE + b"\x03\x0a\x82\xff\xff" + SE,
    ),
    (DO + LINEMODE, [], WONT + LINEMODE),
    (WILL + MCCP2, [], DONT + MCCP2),
    (DO + MCCP3 + WILL + MCCP3, [], WONT + MCCP3 + DONT + MCCP3),
    (
        DO
        + GMCP
        + gmcp(b'Core.Hello {"client":"M"}')
        + gmcp(b"Core.Ping")
        + gmcp(b'A.B "\xc3\xbf"'),
        [FlagsChanged({"OOB": True, "CLIENTNAME": "M"}), OutOfBand("GMCP", "A.B", "ÿ")],
        gmcp(b"Core.Ping"),
    ),
    (
        DO + MSDP + SB + MSDP + b"\1LIST\2COMMANDS\1X\2\xff\xff" + SE,
        [
            FlagsChanged({"OOB": True}),
            OutOfBand("MSDP", "LIST", "COMMANDS"),
            OutOfBand("MSDP", "X", "\ufffd"),
        ],
        b"",
    ),
    (NOP + NOP, [Keepalive()], b""),
    (b"lo" + NOP + b"ok\n", [Keepalive(), Line("look")], b""),
    (AYT, [Keepalive()], b"\r\n[yes]\r\n"),
    (b"lokk" + EC + EC + b"ok\n", [Line("look")], b""),
    (b"secret" + EL + b"look\n", [Line("look")], b""),
    (b"a\r" + NOP + b"\nb\n", [Line("a"), Keepalive(), Line("b")], b""),
    (b"".join(b"\xff" + bytes([c]) for c in (239, 242, 243, 244, 245, 249)), [], b""),
    (b"x" * 6001 + b"\r\nok\r\n", [LineTooLong(6001), Line("ok")], b""),
]


@pytest.mark.parametrize(("stream", "events", "sent"), STREAMS)
def test_connection_turns_bytes_into_events_and_answers(
    stream: bytes, events: list[Event], sent: bytes
) -> None:
    assert exchange(started(), stream) == (events, sent)


@pytest.mark.parametrize(("stream", "events", "sent"), STREAMS[:-1])
def test_connection_does_the_same_at_every_cut(
    stream: bytes, events: list[Event], sent: bytes
) -> None:
    for cut in range(len(stream) + 1):
        assert exchange(started(), stream[:cut], stream[cut:]) == (events, sent)


@pytest.mark.parametrize(("stream", "events", "sent"), STREAMS[:-1])
def test_connection_does_the_same_byte_by_byte(
    stream: bytes, events: list[Event], sent: bytes
) -> None:
    assert exchange(started(), *(bytes([byte]) for byte in stream)) == (events, sent)


def opening() -> bytes:
    return b"".join(
        (DO if support.asks_remote else WILL) + bytes([option])
        for option, support in SUPPORTED.items()
        if support.asks_remote or support.offers_local
    )


def test_start_asks_and_offers_what_the_table_says_once() -> None:
    connection = TelnetConnection()
    connection.start()
    connection.start()
    assert connection.data_to_send() == opening()
    assert connection.data_to_send() == b""


def test_connection_is_settled_when_the_client_has_told_all() -> None:
    connection = started()
    refusals = opening().replace(DO + TTYPE, b"").replace(WILL, DONT).replace(DO, WONT)
    for answer in (refusals, WILL + TTYPE, terminal("A")):
        exchange(connection, answer)
        assert not connection.is_settled
    exchange(connection, terminal("A"))
    assert connection.is_settled


def test_client_without_telnet_options_has_default_flags() -> None:
    flags = started().flags
    assert (flags["SCREENWIDTH"], flags["SCREENHEIGHT"]) == (78, 45)
    assert (flags["CLIENTNAME"], flags["UTF-8"], flags["SCREENREADER"]) == ("", False, False)


def test_flags_tell_all_that_the_client_said() -> None:
    connection = started()
    exchange(connection, MUD_CLIENT)
    assert connection.flags["CLIENTNAME"] == "Mudlet"
    assert (connection.flags["SCREENWIDTH"], connection.flags["TRUECOLOR"]) == (120, False)


def test_unchanged_size_makes_no_event() -> None:
    connection = started()
    exchange(connection, WILL + NAWS + size(100, 50))
    assert exchange(connection, size(100, 50)) == ([], b"")
    assert exchange(connection, size(101, 50)) == ([FlagsChanged({"SCREENWIDTH": 101})], b"")


def test_terminal_is_asked_anew_when_its_option_comes_back() -> None:
    connection = started()
    exchange(connection, WILL + TTYPE + terminal("A") + terminal("A"))
    assert exchange(connection, WONT + TTYPE) == ([], DONT + TTYPE)
    assert exchange(connection, WILL + TTYPE) == ([], DO + TTYPE + TTYPE_SEND)


# Sending.


def test_text_is_sent_with_line_ends_and_nothing_more() -> None:
    connection = started()
    connection.send_text("a\nb")
    connection.send_text("c\n")
    assert connection.data_to_send() == b"a\r\nbc\r\n"


def test_text_is_sent_in_the_chosen_encoding() -> None:
    connection = started()
    connection.encoding = "latin-1"
    connection.send_text("ÿ日")
    assert connection.data_to_send() == b"\xff\xff?"


def test_text_is_sent_in_the_encoding_that_the_client_has_chosen() -> None:
    connection = started()
    exchange(connection, DO + CHARSET + SB + CHARSET + b"\x02ISO-8859-1" + SE)
    connection.send_text("é日")
    assert (connection.encoding, connection.data_to_send()) == ("iso8859-1", b"\xe9?")


def test_unknown_encoding_is_refused_and_changes_nothing() -> None:
    connection = started()
    with pytest.raises(ValueError, match="an encoding that has ASCII in it, got 'utf-16'"):
        connection.encoding = "utf-16"
    assert connection.encoding == "utf-8"


def test_line_that_is_not_utf8_is_read_in_the_chosen_encoding() -> None:
    connection = started()
    connection.encoding = "cp1251"
    connection.receive_data("привет\n".encode("cp1251") + "привет\n".encode(), 0.0)
    assert connection.events_received() == [Line("привет"), Line("привет")]


def test_prompt_of_a_client_that_wants_no_ga_has_none() -> None:
    connection = started()
    connection.marks_prompts = False
    connection.send_prompt("> ")
    assert connection.data_to_send() == b"> "


def test_prompt_ends_with_ga_until_the_client_does_without() -> None:
    connection = started()
    connection.send_prompt("> ")
    assert connection.data_to_send() == b"> " + GA
    exchange(connection, DO + SGA)
    connection.send_prompt("> ")
    assert connection.data_to_send() == b"> "
    exchange(connection, DONT + SGA)
    connection.send_prompt("> ")
    assert connection.data_to_send() == b"> " + GA


def test_prompt_ends_with_eor_while_the_client_has_agreed_to_it() -> None:
    connection = started()
    assert exchange(connection, DO + SGA + DO + EOR) == ([], WILL + SGA)
    connection.marks_prompts = False
    connection.send_prompt("> ")
    assert connection.data_to_send() == b"> " + END_OF_RECORD
    assert exchange(connection, DONT + EOR) == ([], WONT + EOR)
    connection.send_prompt("> ")
    assert connection.data_to_send() == b"> "
    assert exchange(connection, DO + EOR) == ([], WILL + EOR)


def test_client_that_would_mark_its_own_records_is_declined() -> None:
    assert exchange(started(), WILL + EOR) == ([], DONT + EOR)


def test_status_is_said_to_who_wants_it() -> None:
    connection = started()
    connection.send_status({"PLAYERS": 3})
    assert connection.data_to_send() == b""
    exchange(connection, DO + MSSP)
    connection.send_status({"PLAYERS": 3, "NAME": "ÿ"})
    assert connection.data_to_send() == (SB + MSSP + b"\1PLAYERS\x023\1NAME\2\xc3\xbf" + SE)


def test_output_that_is_no_text_goes_by_gmcp_else_msdp_else_not() -> None:
    connection = started()
    connection.send_out_of_band("room_info", [], {"num": 1})
    assert connection.data_to_send() == b""
    exchange(connection, DO + MSDP)
    connection.send_out_of_band("room_info", [], {"num": 1})
    assert connection.data_to_send() == SB + MSDP + b"\1ROOM_INFO\2\3\1num\x021\4" + SE
    exchange(connection, DO + GMCP)
    connection.send_out_of_band("room_info", [], {"num": 1})
    assert connection.data_to_send() == gmcp(b'Room.Info {"num":1}')
    exchange(connection, gmcp(b'Core.Supports.Remove ["Room"]'))
    connection.send_out_of_band("room_info", [], {"num": 1})
    assert connection.data_to_send() == b""


def test_client_is_out_of_band_while_it_has_either_protocol() -> None:
    connection = started()
    assert connection.flags["OOB"] is False
    exchange(connection, DO + GMCP + DO + MSDP)
    assert exchange(connection, DONT + GMCP) == ([], WONT + GMCP)
    assert connection.flags["OOB"] is True
    assert exchange(connection, DONT + MSDP)[0] == [FlagsChanged({"OOB": False})]


def test_output_is_compressed_behind_the_mark_and_each_write_can_be_read_at_once() -> None:
    connection, client = started(), zlib.decompressobj()
    connection.send_text("plain")
    events, sent = exchange(connection, DO + MCCP2)
    assert events == [FlagsChanged({"MCCP": True})]
    assert sent == b"plain" + SB + MCCP2 + SE
    for text in ("one\n", "ÿ\n"):
        connection.send_text(text)
        assert client.decompress(connection.data_to_send()).decode() == text.replace("\n", "\r\n")
    assert connection.data_to_send() == b""


def test_output_is_plain_again_behind_the_end_of_compression() -> None:
    connection, client = started(), zlib.decompressobj()
    exchange(connection, DO + MCCP2)
    connection.send_text("one")
    assert exchange(connection, DONT + MCCP2)[0] == [FlagsChanged({"MCCP": False})]
    connection.send_text("two")
    assert connection.data_to_send() == b"two"
    assert exchange(connection, DO + MCCP2)[1] == WILL + MCCP2 + SB + MCCP2 + SE
    connection.send_text("three")
    assert client.decompress(connection.data_to_send()) == b"three"


def test_compressed_output_has_an_end_when_the_connection_has_one() -> None:
    connection, client = started(), zlib.decompressobj()
    exchange(connection, DO + MCCP2)
    connection.send_text("Bye.")
    connection.end()
    connection.end()
    assert (client.decompress(connection.data_to_send()), client.eof) == (b"Bye.", True)


def test_all_that_is_said_in_one_go_with_the_agreement_is_read_by_the_client() -> None:
    connection, client = started(), zlib.decompressobj()
    _, sent = exchange(connection, AYT + DO + MCCP2 + AYT + DONT + MCCP2 + AYT)
    plain, mark, compressed = sent.partition(SB + MCCP2 + SE)
    assert plain == b"\r\n[yes]\r\n" and mark
    assert client.decompress(compressed) == b"\r\n[yes]\r\n" + WONT + MCCP2
    assert client.unused_data == b"\r\n[yes]\r\n"


def test_nothing_that_a_client_compressed_is_inflated() -> None:
    bomb = zlib.compress(b"\n" * 1_000_000)
    connection = started()
    exchange(connection, DO + MCCP2 + WILL + MCCP3 + SB + MCCP3 + SE)
    events, _ = exchange(connection, bomb.replace(b"\xff", b"\xff\xff"))
    assert len(events) <= len(bomb)


def test_keepalive_goes_to_clients_that_have_shown_to_speak_telnet() -> None:
    connection = started()
    connection.send_keepalive()
    assert connection.data_to_send() == b""
    exchange(connection, DONT + EOR)
    connection.send_keepalive()
    assert connection.data_to_send() == NOP


def test_hidden_input_gets_its_line_end_from_us() -> None:
    connection = started()
    connection.hide_input()
    connection.hide_input()
    assert connection.data_to_send() == WILL + ECHO
    assert exchange(connection, DO + ECHO + b"secret\r\n") == ([Line("secret")], b"\r\n")
    connection.show_input()
    assert connection.data_to_send() == WONT + ECHO
    assert exchange(connection, DONT + ECHO + b"look\r\n") == ([Line("look")], b"")


def test_client_may_refuse_to_hide_input() -> None:
    connection = started()
    connection.hide_input()
    connection.data_to_send()
    assert exchange(connection, DONT + ECHO + b"secret\n") == ([Line("secret")], b"")
    connection.show_input()
    assert connection.data_to_send() == b""


def test_hiding_and_showing_before_the_client_answers_ends_shown() -> None:
    connection = started()
    connection.hide_input()
    connection.show_input()
    assert connection.data_to_send() == WILL + ECHO
    assert exchange(connection, DO + ECHO) == ([], WONT + ECHO)
    assert exchange(connection, DONT + ECHO) == ([], b"")
    assert connection.is_settled is False  # terminal and size are still asked for


# The end.


def test_end_of_input_is_told_once_and_runs_no_half_line() -> None:
    connection = started()
    connection.receive_data(b"quit", now=0.0)
    connection.receive_eof()
    connection.receive_eof()
    connection.receive_data(b"\r\n", now=0.0)
    assert connection.events_received() == [EndOfInput()]


# Abuse.

UNEXPECTED = [
    (size(80, 24), "unexpected subnegotiation of NAWS"),
    (SB + UNKNOWN + SE, "unexpected subnegotiation of option 99"),
    (WILL + NAWS + SB + NAWS + b"\0" + SE, "NAWS expects 4 bytes, 1 came"),
    (WILL + TTYPE + SB + TTYPE + b"\x01" + SE, "TTYPE expects IS from the client"),
    (SB + NAWS + b"x" * 5000 + SE, "subnegotiation over 4096 bytes"),
    (SE, "unexpected SE"),
    (b"\xff\x07", "unexpected command 7"),
    (WONT + UNKNOWN, "needless WONT option 99"),
]


@pytest.mark.parametrize("stream", [stream for stream, _ in UNEXPECTED])
def test_violation_is_counted_and_changes_nothing_else(stream: bytes) -> None:
    connection = started()
    events, _ = exchange(connection, stream + b"ok\n")
    assert (events, connection.violations) == ([Line("ok")], 1)


@pytest.mark.parametrize("stream", [stream for stream, _ in UNEXPECTED])
def test_endless_violations_end_in_one_abuse(stream: bytes) -> None:
    connection = started()
    events, _ = exchange(connection, *[stream] * 300)
    assert [type(event) for event in events] == [ProtocolAbuse]
    assert connection.violations <= 101


@pytest.mark.parametrize(("stream", "reason"), UNEXPECTED)
def test_abuse_names_the_last_violation(stream: bytes, reason: str) -> None:
    events, _ = exchange(started(), SE * 90, stream, stream)
    assert events == [ProtocolAbuse(f"too many telnet protocol violations, the last: {reason}")]


@pytest.mark.parametrize(
    "loop",
    [
        WILL + NAWS + WONT + NAWS,
        DO + SGA + DONT + SGA,
        DO + UNKNOWN,
        DO + UNKNOWN + DONT + UNKNOWN,
        WILL + UNKNOWN,
        WILL + TTYPE + WONT + TTYPE,
        WILL + NAWS,
        DO + GMCP + DONT + GMCP,
        DO + MXP + DONT + MXP,
    ],
)
def test_endless_ping_pong_ends(loop: bytes) -> None:
    connection = started()
    events, sent = exchange(connection, loop * 300)
    told = [type(event) for event in events if not isinstance(event, FlagsChanged)]
    assert told == [ProtocolAbuse]
    assert len(sent) < 2000


@pytest.mark.parametrize(
    "message", [size(100, 30) + size(101, 30), terminal("A"), NOP, AYT, EC, b"\xff\xf4"]
)
def test_flood_of_a_command_ends_though_each_is_allowed(message: bytes) -> None:
    connection = started()
    events, _ = exchange(connection, WILL + NAWS + WILL + TTYPE, message * 1001)
    assert isinstance(events[-1], ProtocolAbuse)
    assert len(events) <= 3


@pytest.mark.parametrize("in_one", [True, False])
def test_hundred_thousand_environment_variables_change_nothing_and_are_not_kept(
    in_one: bool,
) -> None:
    connection = started()
    exchange(connection, WILL + ENVIRON)
    variables = [b"\3V%d\1x" % number for number in range(100_000)]
    between = b"" if in_one else SE + SB + ENVIRON + b"\0"
    stream = SB + ENVIRON + b"\0" + between.join(variables) + SE
    for start in range(0, len(stream), 4096):
        connection.receive_data(stream[start : start + 4096], now=0.0)
        assert connection.buffered_bytes <= MAX_SUBNEGOTIATION_BYTES + 2
    assert [type(event) for event in connection.events_received()] == [ProtocolAbuse]


def test_line_without_an_end_is_no_line_and_whoever_goes_on_is_let_go() -> None:
    connection = started()
    chunk, chunks = b"x" * 65536, 0
    while not (events := connection.events_received()):
        connection.receive_data(chunk, now=0.0)
        chunks += 1
        assert connection.buffered_bytes <= MAX_LINE_BYTES + 2
    assert [type(event) for event in events] == [ProtocolAbuse]
    assert chunks * len(chunk) < 4 << 20


def test_flood_of_nul_ends_and_lines_that_end_with_one_are_none() -> None:
    connection = started()
    events, _ = exchange(connection, *[b"\0" * 4096] * 1000)
    assert isinstance(events[-1], ProtocolAbuse)
    other = started()
    assert exchange(other, *[b"look\r\0" * 10] * 2000)[0] == [Line("look")] * 20_000


def test_long_lines_that_end_are_refused_one_by_one_and_are_no_abuse() -> None:
    connection = started()
    events, _ = exchange(connection, *[b"x" * 60_000 + b"\r\n"] * 500)
    assert events == [LineTooLong(60_000)] * 500


def test_large_packets_count_for_more_than_small_ones() -> None:
    connection = started()
    packet = gmcp(b'A "' + b"x" * 4000 + b'"')
    events, _ = exchange(connection, DO + GMCP, packet * 500)
    assert isinstance(events[-1], ProtocolAbuse)
    assert 50 < len(events) < 200


@pytest.mark.parametrize("packet", [b"Core.Ping", b"A.B {}", b'Core.Hello {"client":"a"}', b"A {"])
def test_flood_of_packets_ends_and_what_was_in_it_is_bounded(packet: bytes) -> None:
    connection = started()
    events, sent = exchange(connection, DO + GMCP, gmcp(packet) * 5000)
    assert isinstance(events[-1], ProtocolAbuse)
    assert len(events) <= 1002 and len(sent) <= 1000 * len(gmcp(packet))


def test_dragging_a_window_for_some_seconds_is_no_abuse() -> None:
    connection = started()
    exchange(connection, WILL + NAWS)
    for n in range(600):
        connection.receive_data(size(80 + n % 50, 24), now=n / 60)
    assert connection.violations == 0
    assert [type(event) for event in connection.events_received()] == [FlagsChanged]


def test_keepalives_over_weeks_are_no_abuse() -> None:
    connection = started()
    for n in range(50_000):
        connection.receive_data(NOP, now=30.0 * n)
    assert connection.events_received() == [Keepalive()]


def test_nothing_is_read_after_abuse() -> None:
    connection = started()
    exchange(connection, SE * 300 + b"look\n")
    assert exchange(connection, b"look\n" + DO + UNKNOWN + AYT) == ([], b"")
    connection.receive_eof()
    assert connection.events_received() == []


# Any bytes.

wire = st.lists(
    st.one_of(
        st.sampled_from(
            [WILL, WONT, DO, DONT, SB, SE, NOP, AYT, EC, EL, ECHO, SGA, TTYPE, NAWS, UNKNOWN]
            + [
                CHARSET,
                ENVIRON,
                EOR,
                MXP,
                MCCP2,
                LINEMODE,
                BINARY,
                GMCP,
                MSDP,
                MSSP,
                gmcp(b"Core.Ping"),
                gmcp(b"A.B [1]"),
            ]
            + [size(80, 24), size(90, 24), terminal("A"), b"\xff", b"\0", b"\r", b"\n", b"say hi"]
        ),
        st.binary(max_size=8),
    )
).map(b"".join)


@given(wire, st.data())
def test_any_bytes_do_the_same_however_cut_and_never_raise(
    stream: bytes, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[start:end] for start, end in zip(edges, edges[1:], strict=False)]
    whole, cut = started(max_chars=20), started(max_chars=20)
    assert exchange(cut, *chunks) == exchange(whole, stream)
    assert (cut.flags, cut.violations) == (whole.flags, whole.violations)


@given(st.lists(st.tuples(wire, st.integers(1, 4000)), max_size=5), st.integers(0, 40))
def test_memory_stays_bounded_whatever_comes(
    floods: list[tuple[bytes, int]], max_chars: int
) -> None:
    connection = started(max_chars)
    for stream, times in floods:
        exchange(connection, (stream * times)[:65536])
        assert connection.buffered_bytes <= MAX_LINE_BYTES + MAX_SUBNEGOTIATION_BYTES + 2
