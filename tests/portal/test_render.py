"""Markup as clients of each kind are shown it."""

from __future__ import annotations

import re
from typing import Any

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.markup.clean import clean
from everdoor.markup.tags import RGB, escape, plain
from everdoor_portal.render.colours import rgb_of, to_16, to_256
from everdoor_portal.render.kinds import Depth, Kind, for_output, kind_of
from everdoor_portal.render.renderer import Renderer, render, render_output
from everdoor_portal.telnet.connection import DEFAULT_FLAGS
from everdoor_portal.telnet.encode import encode_text

STRIPPED, ANSI, XTERM256, TRUECOLOR = (Kind(depth) for depth in Depth)
LISTENED_TO = Kind(Depth.TRUECOLOR, screenreader=True)
MXP = Kind(Depth.ANSI, mxp=True)
RAW = Kind(raw=True)

HOSTILE = st.text(
    st.sampled_from('|||rn[5#0/-_*lcute;mz=<>&"\x1b\x9b\u202e\r\n\t日') | st.characters(),
    max_size=60,
)
KINDS = st.builds(
    Kind,
    st.sampled_from(Depth),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from((0, 10, 78)),
    st.sampled_from((0, 2)),
)


# Each text as it is sent to a client of 16 colours, of 256, and of 24 bits.
SENT = [
    ("plain", "plain", "plain", "plain"),
    ("|n|n", "", "", ""),
    ("|ra|n b", "\x1b[0;1;31ma\x1b[0m b", "\x1b[0;1;38;5;9ma\x1b[0m b", None),
    ("|Ra", "\x1b[0;31ma\x1b[0m", "\x1b[0;31ma\x1b[0m", None),
    ("|xa", "\x1b[0;1;30ma\x1b[0m", "\x1b[0;1;38;5;8ma\x1b[0m", None),
    ("|h|!Ga", "\x1b[0;1;32ma\x1b[0m", "\x1b[0;1;38;5;10ma\x1b[0m", None),
    ("|ha", "\x1b[0;1ma\x1b[0m", "\x1b[0;1ma\x1b[0m", None),
    ("|[Ra", "\x1b[0;41ma\x1b[0m", "\x1b[0;41ma\x1b[0m", None),
    ("|[ra", "\x1b[0;41ma\x1b[0m", "\x1b[0;48;5;9ma\x1b[0m", None),
    ("|500a", "\x1b[0;1;31ma\x1b[0m", "\x1b[0;38;5;196ma\x1b[0m", None),
    ("|300a", "\x1b[0;31ma\x1b[0m", "\x1b[0;38;5;124ma\x1b[0m", None),
    ("|520a", "\x1b[0;33ma\x1b[0m", "\x1b[0;38;5;208ma\x1b[0m", None),
    ("|=aa", "\x1b[0;30ma\x1b[0m", "\x1b[0;38;5;16ma\x1b[0m", None),
    ("|[=za", "\x1b[0;47ma\x1b[0m", "\x1b[0;48;5;231ma\x1b[0m", None),
    (
        "|#ff8700a",
        "\x1b[0;33ma\x1b[0m",
        "\x1b[0;38;5;208ma\x1b[0m",
        "\x1b[0;38;2;255;135;0ma\x1b[0m",
    ),
    (
        "|[#808080a",
        "\x1b[0;47ma\x1b[0m",
        "\x1b[0;48;5;244ma\x1b[0m",
        "\x1b[0;48;2;128;128;128ma\x1b[0m",
    ),
    ("|u|i|s|^|*a", "\x1b[0;3;4;5;7;9ma\x1b[0m", "\x1b[0;3;4;5;7;9ma\x1b[0m", None),
    ("|ra|/b", "\x1b[0;1;31ma\nb\x1b[0m", "\x1b[0;1;38;5;9ma\nb\x1b[0m", None),
    (
        "|[Ra|/b",
        "\x1b[0;41ma\x1b[0m\n\x1b[0;41mb\x1b[0m",
        "\x1b[0;41ma\x1b[0m\n\x1b[0;41mb\x1b[0m",
        None,
    ),
    ("|r|ga|n|nb", "\x1b[0;1;32ma\x1b[0mb", "\x1b[0;1;38;5;10ma\x1b[0mb", None),
    ("a|lclook|ltb|le|luhttps://x.y|ltc|le", "abc", "abc", None),
]


@pytest.mark.parametrize(("text", "ansi", "xterm256", "truecolor"), SENT)
def test_client_gets_the_colours_that_it_has(
    text: str, ansi: str, xterm256: str, truecolor: str | None
) -> None:
    assert render(text, ANSI) == ansi
    assert render(text, XTERM256) == xterm256
    assert render(text, TRUECOLOR) == (truecolor or xterm256)
    assert render(text, STRIPPED) == plain(text)


@given(HOSTILE, KINDS)
def test_no_text_brings_escape_sequences_of_its_own(text: str, kind: Kind) -> None:
    sent = render(text, kind)
    ours = r"\x1b\[0(?:;\d{1,3})*m|\x1b\[4z" if kind.mxp else r"\x1b\[0(?:;\d{1,3})*m"
    rest = re.sub(ours, "", sent)
    assert clean(rest) == rest
    assert "\x1b" not in rest


@given(HOSTILE)
def test_stripped_text_is_what_is_to_be_read(text: str) -> None:
    assert render(text, STRIPPED) == plain(clean(text))


@given(HOSTILE, st.sampled_from([ANSI, XTERM256, TRUECOLOR]))
def test_colours_change_no_character_and_end_with_the_text(text: str, kind: Kind) -> None:
    sent = render(text, kind)
    assert re.sub(r"\x1b\[[0-9;]*m", "", sent) == render(text, STRIPPED)
    assert "\x1b" not in sent or "\x1b[0m" in sent[sent.rindex("\x1b") :]


@given(st.text(st.sampled_from("ab cdé"), min_size=1, max_size=20), st.sampled_from(list(Depth)))
def test_terminal_shows_escaped_text_as_it_was(text: str, depth: Depth) -> None:
    screen = pyte.Screen(80, 2)
    pyte.Stream(screen).feed(render(f"|r|[540{escape(text)}|n", Kind(depth)))
    assert screen.display[0].rstrip() == text.rstrip()


def test_terminal_shows_the_colours_of_every_depth() -> None:
    def colours(text: str, kind: Kind) -> tuple[str, str, bool]:
        screen = pyte.Screen(10, 1)
        pyte.Stream(screen).feed(render(text, kind))
        cell = screen.buffer[0][0]
        return cell.fg, cell.bg, cell.bold

    assert colours("|500|[005x", ANSI) == ("red", "blue", True)
    assert colours("|500|[005x", XTERM256) == ("ff0000", "0000ff", False)
    assert colours("|#123456x", TRUECOLOR) == ("123456", "default", False)
    assert colours("|500|[005x", STRIPPED) == ("default", "default", False)


# Fewer colours.


@pytest.mark.parametrize(
    ("red", "green", "blue", "index"),
    [
        (0, 0, 0, 16),
        (255, 255, 255, 231),
        (255, 135, 0, 208),
        (250, 140, 5, 208),
        (128, 128, 128, 244),
        (18, 18, 18, 233),
        (95, 95, 95, 59),
        (0, 0, 97, 17),
    ],
)
def test_24_bits_become_the_nearest_of_256(red: int, green: int, blue: int, index: int) -> None:
    assert to_256(RGB + (red << 16) + (green << 8) + blue) == index


@given(st.integers(16, 255))
def test_colours_of_xterms_palette_are_found_again(index: int) -> None:
    red, green, blue = rgb_of(index)
    found = to_256(RGB + (red << 16) + (green << 8) + blue)
    assert rgb_of(found) == rgb_of(index)


@pytest.mark.parametrize(
    ("colours", "sixteen"),
    [
        ({196: 9, 46: 10, 21: 12, 226: 11, 201: 13, 51: 14}, "pure colours are bright"),
        ({124: 1, 34: 2, 19: 4, 142: 3, 127: 5, 37: 6}, "darker ones are dark"),
        ({52: 1, 22: 2, 17: 4}, "the darkest keep their colour"),
        ({16: 0, 240: 8, 248: 7, 231: 15}, "greys stay grey"),
        ({208: 3, 58: 3, 213: 13, 153: 14}, "mixed ones go to the nearest"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_256_colours_become_the_nearest_of_16(colours: dict[int, int], sixteen: str) -> None:
    assert {colour: to_16(colour) for colour in colours} == colours


@given(st.integers(0, 7))
def test_text_stays_visible_where_its_colour_and_the_grounds_become_one(colour: int) -> None:
    letter = "xrgybmcw"[colour]
    assert render(f"|{letter.upper()}|[{letter}a", ANSI).startswith("\x1b[0;1;")


# Kinds.


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ({}, ANSI),
        (DEFAULT_FLAGS, ANSI),
        ({**DEFAULT_FLAGS, "ANSI": False}, STRIPPED),
        ({**DEFAULT_FLAGS, "XTERM256": True}, XTERM256),
        ({"ANSI": False, "XTERM256": True, "TRUECOLOR": False}, XTERM256),
        ({**DEFAULT_FLAGS, "TRUECOLOR": True}, TRUECOLOR),
        ({"TRUECOLOR": True, "NOCOLOR": True}, STRIPPED),
        ({"SCREENREADER": True, "MXP": True, "RAW": True}, Kind(Depth.ANSI, True, True, True)),
    ],
)
def test_kind_is_told_by_the_protocol_flags(flags: dict[str, Any], kind: Kind) -> None:
    assert kind_of(flags) == kind


@pytest.mark.parametrize(
    ("kind", "options", "shown"),
    [
        (XTERM256, {"type": "say"}, XTERM256),
        (XTERM256, {"nocolor": True}, STRIPPED),
        (STRIPPED, {"nocolor": False}, STRIPPED),
        (XTERM256, {"ansi": False}, STRIPPED),
        (STRIPPED, {"ansi": True}, ANSI),
        (ANSI, {"xterm256": True}, XTERM256),
        (XTERM256, {"xterm256": False}, ANSI),
        (TRUECOLOR, {"noxterm256": True}, ANSI),
        (ANSI, {"truecolor": True}, TRUECOLOR),
        (TRUECOLOR, {"truecolor": False}, XTERM256),
        (ANSI, {"screenreader": True}, Kind(Depth.ANSI, screenreader=True)),
        (MXP, {"mxp": False}, ANSI),
        (ANSI, {"raw": True}, RAW),
        (RAW, {"raw": False}, ANSI),
    ],
)
def test_options_of_an_output_change_its_kind(
    kind: Kind, options: dict[str, Any], shown: Kind
) -> None:
    assert for_output(kind, options) == shown


def test_raw_text_is_shown_with_its_markup_but_cleaned() -> None:
    assert render("|ra||b|/\x1b[31m", RAW) == "|ra||b|/[31m"


# Links.


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("a <b> & c", "a &lt;b&gt; &amp; c"),
        ("|lclook|lthere|le.", '\x1b[4z<SEND HREF="look">here\x1b[4z</SEND>.'),
        (
            "|luhttps://x.y/?a&b|ltpage|le",
            '\x1b[4z<A HREF="https://x.y/?a&amp;b">page\x1b[4z</A>',
        ),
        (
            '|lcsay "<||>"|ltx|le',
            '\x1b[4z<SEND HREF="say &quot;&lt;&#124;&gt;&quot;">x\x1b[4z</SEND>',
        ),
        ("|lclook\nquit|ltx|le", '\x1b[4z<SEND HREF="look quit">x\x1b[4z</SEND>'),
        (
            "|ra|lclook|ltb|lec",
            '\x1b[0;1;31ma\x1b[0m\x1b[4z<SEND HREF="look">\x1b[0;1;31mb\x1b[0m\x1b[4z</SEND>'
            "\x1b[0;1;31mc\x1b[0m",
        ),
        ("|lujavascript:alert(1)|ltx|le", "x"),
        ("|lufile:///etc/passwd|ltx|le", "x"),
    ],
)
def test_links_can_be_clicked_by_clients_with_mxp(text: str, sent: str) -> None:
    assert render(text, MXP) == sent


@given(HOSTILE)
def test_only_links_bring_tags_to_clients_with_mxp(text: str) -> None:
    sent = render(text, Kind(Depth.NONE, mxp=True))
    rest = re.sub(r'\x1b\[4z</?(?:SEND|A)(?: HREF="[^"<>]*")?>', "", sent)
    assert "<" not in rest and "\x1b" not in rest


# Screen readers.


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("|rred|n", "red"),
        ("a\n|b=====|n\nb", "a\nb"),
        ("+----+\n| a  |\n+----+", "| a  |\n"),
        ("╔══╗\n║ a║\n╚══╝", " a\n"),
        ("=== Room ===", " Room "),
        ("- - -\nnext", "next"),
        ("a\n\nb", "a\n\nb"),
        ("...", "..."),
        ("a -- b, 3*4, x_y, -5", "a -- b, 3*4, x_y, -5"),
        (":-)", ":-)"),
        ("|lclook|lthere|le", "here"),
    ],
)
def test_screen_reader_hears_no_colours_and_no_drawings(text: str, heard: str) -> None:
    assert render(text, LISTENED_TO) == heard


def test_drawn_lines_are_dropped_in_time_linear_in_their_length() -> None:
    """Quadratic time would be hours."""
    assert render("- " * 200_000 + "x", LISTENED_TO).endswith("x")


# Once for each kind.


class Encoder:
    """Encodes as telnet does, and counts."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: str, encoding: str) -> bytes:
        self.texts.append(text)
        return encode_text(text, encoding)


def test_output_is_rendered_once_for_each_kind_of_its_receivers() -> None:
    encoder = Encoder()
    renderer = Renderer(encoder)
    args: list[Any] = ["|Rhi"]
    options: dict[str, Any] = {"type": "say"}
    sent = [renderer.encoded(args, options, kind, "utf-8") for kind in [ANSI, STRIPPED, ANSI] * 5]
    assert sent == [b"\x1b[0;31mhi\x1b[0m\r\n", b"hi\r\n", b"\x1b[0;31mhi\x1b[0m\r\n"] * 5
    assert len(encoder.texts) == 2


def test_output_is_encoded_for_each_encoding() -> None:
    renderer = Renderer(encode_text)
    args: list[Any] = ["ÿ"]
    options: dict[str, Any] = {}
    assert renderer.encoded(args, options, ANSI, "utf-8") == "ÿ\r\n".encode()
    assert renderer.encoded(args, options, ANSI, "latin-1") == b"\xff\xff\r\n"


def test_next_output_is_rendered_anew_also_when_it_says_the_same() -> None:
    encoder = Encoder()
    renderer = Renderer(encoder)
    renderer.encoded(["a"], {}, ANSI, "utf-8")
    renderer.encoded(["a"], {}, ANSI, "utf-8")
    assert encoder.texts == ["a\n", "a\n"]


def test_same_text_with_other_options_is_rendered_anew() -> None:
    renderer = Renderer(encode_text)
    args: list[Any] = ["|ra"]
    assert renderer.encoded(args, {}, STRIPPED, "utf-8") == b"a\r\n"
    assert renderer.encoded(args, {"raw": True}, STRIPPED, "utf-8") == b"|ra\r\n"


@pytest.mark.parametrize(("args", "shown"), [([], ""), ([7], "7"), (["a", "b"], "a")])
def test_output_shows_its_first_argument(args: list[Any], shown: str) -> None:
    assert render_output(args, {}, ANSI) == shown
