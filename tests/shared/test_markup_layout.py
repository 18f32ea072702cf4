"""Marked-up texts measured and laid out; a terminal emulator says what is seen of them."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from everdoor.markup.layout import Align, pad, truncate, width, wrap
from everdoor.markup.tags import parse, plain

CHARACTERS = st.sampled_from(
    [*"abc  éß", "日", "本", "|r", "|n", "|[500", "|#ff8800", "||", "|_", "|", "e\u0301", "|u"]
)
LINE = st.lists(CHARACTERS, max_size=30).map("".join)
COLUMNS = st.integers(4, 20)


def cursor_after(text: str) -> int:
    """Cells that a terminal needs for a line."""
    screen = pyte.Screen(200, 2)
    pyte.Stream(screen).feed(plain(text))
    return int(screen.cursor.x)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("", 0),
        ("abc", 3),
        ("|rabc|n", 3),
        ("|[#ff8800||", 1),
        ("日本", 4),
        ("e\u0301", 1),
        ("a|_b", 3),
        ("|lcgo north|ltnorth|le", 5),
        ("a\nlonger\nb", 6),
        ("a|/longer", 6),
    ],
)
def test_width_is_what_the_longest_line_takes(text: str, cells: int) -> None:
    assert width(text) == cells


@given(LINE)
def test_width_is_what_a_terminal_needs(text: str) -> None:
    assert width(text) == cursor_after(text)


@pytest.mark.parametrize(
    ("align", "padded"), [("left", "|r日|n   "), ("right", "   |r日|n"), ("center", " |r日|n  ")]
)
def test_pad_fills_up_what_is_seen(align: Align, padded: str) -> None:
    assert pad("|r日|n", 5, align) == padded


def test_pad_leaves_what_is_wider() -> None:
    assert pad("abcdef", 3) == "abcdef"


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("abcdefgh", "abcdefgh"),
        ("abcdefghi", "abcde..."),
        ("|rabcdefghi|n", "|rabcde|n..."),
        ("日本日本日", "日本..."),
        ("abcd|", "abcd|"),
        ("abcd|efghi", "abcd|||n..."),
        ("ab|lcgo|ltnorthwards|le", "ab..."),
    ],
)
def test_truncate_keeps_colours_and_whole_characters(text: str, cut: str) -> None:
    assert truncate(text, 8) == cut


@given(LINE, COLUMNS)
def test_truncated_line_is_no_wider_and_begins_alike(text: str, columns: int) -> None:
    cut = truncate(text, columns)
    assert width(cut) <= columns
    assert plain(cut) == plain(text) or plain(text).startswith(plain(cut).removesuffix("..."))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two three four", ["one two", "three four"]),
        ("one   two", ["one two"]),
        ("|rone|n two |wthree|n four", ["|rone|n two", "|wthree|n four"]),
        ("abcdefghijklmno", ["abcdefghij", "klmno"]),
        ("日本日本日本日", ["日本日本日", "本日"]),
        ("one\n\ntwo|/three", ["one", "", "two", "three"]),
        ("go |lclook at all|ltthere|le now", ["go |lclook at all|ltthere|le", "now"]),
        ("one|_two three", ["one|_two", "three"]),
        ("a |r b |n", ["a|r b|n"]),
    ],
)
def test_wrap_breaks_between_words(text: str, lines: list[str]) -> None:
    assert wrap(text, 10) == lines


def test_wrap_begins_each_line_with_the_indent() -> None:
    assert wrap("one two three", 9, "  ") == ["  one two", "  three"]


@given(LINE, COLUMNS)
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(text: str, columns: int) -> None:
    assume("|_" not in text)
    lines = wrap(text, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join(map(plain, lines)).replace(" ", "") == plain(text).replace(" ", "")


@given(LINE, COLUMNS)
def test_wrapped_lines_keep_the_colours_of_every_character(text: str, columns: int) -> None:
    assume("|_" not in text)

    def coloured(marked_up: str) -> list[tuple[str, object]]:
        return [(c, run.style) for run in parse(marked_up) for c in run.text if c not in " \n"]

    assert coloured("\n".join(wrap(text, columns))) == coloured(text)
