"""Markup read into runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.markup.tags import PLAIN, RGB, Link, Run, Style, escape, parse, plain

MARKED_UP = st.text(st.sampled_from("|||rRnhu[]!=#05aflcte/-_>*^ é日\n"), max_size=40)


def style_after(tags: str) -> Style:
    """The style of what stands behind some tags."""
    return parse(f"{tags}text")[-1].style


@pytest.mark.parametrize("place", range(8))
def test_letters_are_the_clients_own_colours_bright_and_dark(place: int) -> None:
    letter = "xrgybmcw"[place]
    assert style_after(f"|{letter}") == Style(fg=place, hilite=True)
    assert style_after(f"|{letter.upper()}") == Style(fg=place)
    assert style_after(f"|[{letter}") == Style(bg=place + 8)
    assert style_after(f"|[{letter.upper()}") == Style(bg=place)


@pytest.mark.parametrize(
    ("name", "colour"),
    [
        ("000", 16),
        ("500", 196),
        ("520", 208),
        ("555", 231),
        ("=a", 16),
        ("=b", 232),
        ("=y", 255),
        ("=z", 231),
        ("#ff8800", RGB + 0xFF8800),
        ("#00FF00", RGB + 0x00FF00),
    ],
)
def test_colours_by_number_are_foreground_or_background(name: str, colour: int) -> None:
    assert style_after(f"|{name}") == Style(fg=colour)
    assert style_after(f"|[{name}") == Style(bg=colour)


@pytest.mark.parametrize(
    ("tags", "style"),
    [
        ("|h", Style(hilite=True)),
        ("|h|H", PLAIN),
        ("|u", Style(underline=True)),
        ("|u|U", PLAIN),
        ("|i", Style(italic=True)),
        ("|i|I", PLAIN),
        ("|s", Style(strike=True)),
        ("|s|S", PLAIN),
        ("|^", Style(blink=True)),
        ("|*", Style(inverse=True)),
        ("|r|[520|u|n", PLAIN),
        ("|h|!G", Style(fg=2, hilite=True)),
        ("|R|!G", Style(fg=2)),
        ("|r|!G", Style(fg=2, hilite=True)),
        ("|r|G", Style(fg=2)),
        ("|h|500", Style(fg=196, hilite=True)),
        ("|r|u|[B", Style(fg=1, bg=4, hilite=True, underline=True)),
    ],
)
def test_tags_add_to_the_style_before_them(tags: str, style: Style) -> None:
    assert style_after(tags) == style


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a|/b|-c|_d|>e", "a\nb\tc d    e"),
        ("||r is red", "|r is red"),
        ("|||rred", "|red"),
        ("|", "|"),
        ("a |", "a |"),
        ("|k |? |[ |[k |5 |55 |556 |=A |#ff880 |!r |l |lx |é", None),
        ("|567", None),
        ("5|5|500|n5", "5|55"),
    ],
)
def test_what_is_no_tag_is_text(text: str, seen: str | None) -> None:
    assert plain(text) == (text if seen is None else seen)


def test_runs_are_of_one_style_each() -> None:
    assert parse("a|rb||c|nd|n|g|n") == [
        Run("a"),
        Run("b|c", Style(fg=1, hilite=True)),
        Run("d"),
    ]


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("|lclook|lthere|le!", [Run("here", link=Link("look", False)), Run("!")]),
        ("|lc look |ltx|le", [Run("x", link=Link("look", False))]),
        ("|luhttps://x.y/?a=1|ltx|le", [Run("x", link=Link("https://x.y/?a=1", True))]),
        ("|lca||lt\nb|ltx|le", [Run("x", link=Link("a|lt b", False))]),
        ("|lc|ltx|le", [Run("x", link=Link("", False))]),
    ],
)
def test_links_say_what_a_click_does(text: str, runs: list[Run]) -> None:
    assert parse(text) == runs


def test_links_text_has_styles_that_go_on_behind_it() -> None:
    runs = parse("|r|lclook|lta|gb|lec")
    assert [(run.text, run.style.fg, run.link is not None) for run in runs] == [
        ("a", 1, True),
        ("b", 2, True),
        ("c", 2, False),
    ]


@pytest.mark.parametrize(
    "text", ["|lclook", "|lclook|lthere", "|lthere|le", "|le", "||lclook|lthere|le", "|lx|lt|le"]
)
def test_unfinished_links_are_text(text: str) -> None:
    assert parse(text) == [Run(text.replace("||", "|"))]


def test_many_unfinished_links_are_read_in_time_linear_in_their_length() -> None:
    """Quadratic time would be hours."""
    for text in ("|lc" * 300_000, "|lc|lt" * 150_000, "|lcx||lt" * 150_000):
        assert plain(text + "|") == text.replace("||", "|") + "|"


@given(st.text())
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    assert parse(escape(text)) == ([Run(text)] if text else [])


@given(MARKED_UP)
def test_what_is_read_once_and_escaped_reads_the_same(text: str) -> None:
    assert plain(escape(plain(text))) == plain(text)


@given(MARKED_UP)
def test_runs_are_never_empty(text: str) -> None:
    assert all(run.text for run in parse(text))
